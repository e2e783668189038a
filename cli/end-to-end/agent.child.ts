/**
 * An agent without sources, in a process of its own so that a test can kill it: `agent.child.ts DIR PORT COUNT`. Spools
 * COUNT frames of a new incarnation, writes a line `INCARNATION SEQUENCE` for each that is synced, brings everything to
 * the broker, and ends.
 */
import { pino } from 'pino';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { SpoolItem } from '#edge-agent/spool/entry.ts';
import { Spool } from '#edge-agent/spool/spool.ts';
import { startUplink } from '#edge-agent/uplink/uplink.ts';
import { sealedFrame } from '#load-tests/workloads/sealed-frame.ts';

const FRAMES_PER_WRITE = 4;

const [dir = '', port = '', count = '0'] = process.argv.slice(2);
await using table = await openEmbeddedTable({ dir });
const spool = await Spool.open(table, { bytesMax: 64 * 1024 * 1024, prefix: Uint8Array.of(1) });
const incarnation = 1 + Math.max(0, ...spool.heads().map((head) => head.incarnation));
let highestSequence = 0;
await using uplink = startUplink({
  url: `mqtt://127.0.0.1:${port}`,
  agent: 'killed-1',
  spool,
  heartbeat: () => ({ incarnation, highestSequence, watermarkMs: null, closed: false }),
  logger: pino({ level: 'silent' }),
  random: Math.random,
  onHead: () => undefined,
  onVerdict: () => Promise.resolve(),
});
while (highestSequence < Number(count)) {
  const items = Array.from({ length: FRAMES_PER_WRITE }, (): SpoolItem => {
    const sequence = ++highestSequence;
    return { channel: 'frame', incarnation, sequence, bytes: sealedFrame({ incarnation, sequence }, 2_000) };
  });
  await table.write(spool.stage(items), { sync: true });
  spool.committed(items);
  process.stdout.write(items.map(({ sequence }) => `${incarnation} ${sequence}\n`).join(''));
}
await uplink.drain(AbortSignal.timeout(30_000));
