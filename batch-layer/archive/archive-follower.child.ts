import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { Archive } from './archive.ts';

/**
 * A process that appends records of growing length to a log and archives them, in small segments, and prints each
 * position that the archive has made durable, until it is killed. Run by the crash test of the archive.
 */
const RECORDS_MAX = 200_000;
const dir = process.argv[2] ?? '';
await using log = await openEmbeddedLog({ dir: `${dir}/log`, partitions: 1 });
await using archive = await Archive.open({ dir: `${dir}/archive`, log, segmentBytesMax: 20_000 });
const running = archive.run();
running.catch((failure: unknown) => process.stderr.write(`${String(failure)}\n`));
const never = new AbortController().signal;
const { last } = await log.bounds(0);
for (let n = last + 1; n <= RECORDS_MAX; n++) {
  const appended = log.append(0, new Uint8Array(1 + (n % 300)).fill(n & 0xff));
  if (n % 16 !== 0) continue;
  const position = await appended;
  await archive.whenArchived(0, position, never);
  process.stdout.write(`${position}\n`);
}
