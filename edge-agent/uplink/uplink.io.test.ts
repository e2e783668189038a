import { createServer, type AddressInfo, type Server } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { Heartbeat } from '#core/records/record.ts';
import { AGENT_IN_FLIGHT_MAX } from '#core/wire/limits.ts';
import { agentTopic, type LedgerHead } from '#core/wire/topics.ts';
import type { SpoolItem } from '../spool/entry.ts';
import { SPOOL_BYTES_MIN } from '../spool/limits.ts';
import { Spool } from '../spool/spool.ts';
import type { HeadVerdict } from './head-verdict.ts';
import { startUplink, type Uplink, type UplinkOptions } from './uplink.ts';

const AGENT = 'roof-1';

/** A broker that is told by the test what to acknowledge: aedes bare, on a port that it can come back to. */
class ScriptedBroker {
  readonly taken: { readonly topic: string; readonly payload: Buffer; readonly acknowledge: () => void }[] = [];
  readonly gone: string[] = [];
  head: LedgerHead | null = { incarnation: 0, highestSequence: 0 };
  holds = false;
  port = 0;
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authorizePublish: (client, packet, done) => {
        // A client that is closed publishes its last will.
        if (client?.closed === true) this.gone.push(packet.topic);
        else this.#take(packet, done);
      },
    });
    aedes.on('subscribe', (subscriptions, client) => {
      if (this.head === null || !subscriptions.some(({ topic }) => topic === agentTopic(AGENT, 'head'))) return;
      const payload = Buffer.from(JSON.stringify(this.head));
      const packet = {
        cmd: 'publish',
        topic: agentTopic(AGENT, 'head'),
        payload,
        qos: 0,
        dup: false,
        retain: false,
      } as const;
      client.publish(packet, () => undefined);
    });
    const server = createServer((socket) => void aedes.handle(socket));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#aedes = aedes;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const [aedes, server] = [this.#aedes, this.#server];
    if (aedes === undefined || server === undefined) return;
    this.#aedes = undefined;
    await new Promise<void>((resolve) => server.close(() => resolve()) && aedes.close());
  }

  say(topic: 'verdict', body: unknown): void {
    const payload = Buffer.from(JSON.stringify(body));
    this.#aedes?.publish(
      { cmd: 'publish', topic: agentTopic(AGENT, topic), payload, qos: 0, dup: false, retain: false },
      () => undefined,
    );
  }

  frames(): number[] {
    return this.taken
      .filter(({ topic }) => topic === agentTopic(AGENT, 'frame'))
      .map(({ payload }) => payload.readUInt32LE(0));
  }

  heartbeats(): Heartbeat[] {
    const beats = this.taken.filter(({ topic }) => topic === agentTopic(AGENT, 'heartbeat'));
    return beats.map(({ payload }) => JSON.parse(payload.toString()) as Heartbeat);
  }

  #take(packet: PublishPacket, done: (error?: Error | null) => void): void {
    const acknowledge = (): void => done(null);
    this.taken.push({ topic: packet.topic, payload: Buffer.from(packet.payload), acknowledge });
    if (!this.holds) acknowledge();
  }
}

describe('the uplink', () => {
  let broker: ScriptedBroker;
  let table: MemoryTable;
  let spool: Spool;
  let uplinks: Uplink[];
  let highestSequence: number;

  const put = async (count: number): Promise<void> => {
    const items = Array.from({ length: count }, (): SpoolItem => {
      highestSequence++;
      const bytes = Buffer.alloc(100);
      bytes.writeUInt32LE(highestSequence);
      return { channel: 'frame', incarnation: 1, sequence: highestSequence, bytes };
    });
    await table.write(spool.stage(items), { sync: true });
    spool.committed(items);
  };

  const start = (options: Partial<UplinkOptions> = {}): Uplink => {
    const uplink = startUplink({
      url: `mqtt://127.0.0.1:${broker.port}`,
      agent: AGENT,
      spool,
      heartbeat: () => ({ incarnation: 1, highestSequence, watermarkMs: null, closed: false }),
      logger: pino({ level: 'silent' }),
      random: () => 0,
      onHead: () => undefined,
      onVerdict: () => undefined,
      ...options,
    });
    uplinks.push(uplink);
    return uplink;
  };

  const soon = (): AbortSignal => AbortSignal.timeout(20_000);

  beforeEach(async () => {
    broker = new ScriptedBroker();
    await broker.start();
    table = new MemoryTable();
    spool = await Spool.open(table, { bytesMax: SPOOL_BYTES_MIN, prefix: Uint8Array.of(1) });
    uplinks = [];
    highestSequence = 0;
  });

  afterEach(async () => {
    for (const uplink of uplinks) await uplink.stop();
    await broker.stop();
  });

  it('brings what is spooled, before and after it connects, in order and once', async () => {
    await put(3);
    const uplink = start();
    await uplink.drain(soon());
    await put(300);
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual(Array.from({ length: 303 }, (_, i) => i + 1));
    expect(uplink.counters).toStrictEqual({ acknowledged: 303, acknowledgedBytes: 30_300, sent: 303, connections: 1 });
  });

  it('sends no more than its window before the first acknowledgement', async () => {
    broker.holds = true;
    await put(AGENT_IN_FLIGHT_MAX + 50);
    const uplink = start();
    await vi.waitUntil(() => broker.frames().length === AGENT_IN_FLIGHT_MAX);
    expect(uplink.counters.sent).toBe(AGENT_IN_FLIGHT_MAX);
    broker.holds = false;
    for (const { acknowledge } of broker.taken.slice()) acknowledge();
    await uplink.drain(soon());
    expect(broker.frames()).toHaveLength(AGENT_IN_FLIGHT_MAX + 50);
  });

  it('sends again what was not acknowledged when the connection broke, and only that', async () => {
    broker.holds = true;
    await put(10);
    const uplink = start();
    await vi.waitUntil(() => broker.frames().length === 10);
    for (const { acknowledge } of broker.taken.slice(0, 5)) acknowledge();
    await vi.waitUntil(() => uplink.counters.acknowledged >= 4);
    const acknowledged = uplink.counters.acknowledged;
    await broker.stop();
    broker.taken.length = 0;
    broker.holds = false;
    await broker.start();
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual(Array.from({ length: 10 - acknowledged }, (_, i) => acknowledged + 1 + i));
    expect(uplink.counters).toMatchObject({ acknowledged: 10, acknowledgedBytes: 1_000, connections: 2 });
  });

  it('waits for a broker that is not there, and warns once', async () => {
    await broker.stop();
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    await put(1);
    let attempts = 0;
    const uplink = start({ logger, random: () => (attempts++, 0) });
    await vi.waitUntil(() => attempts >= 3, { timeout: 10_000 });
    expect(['waiting', 'dialling']).toContain(uplink.state);
    await broker.start();
    await uplink.drain(soon());
    expect(lines.filter((line) => line.includes('broker not reached'))).toHaveLength(1);
  });

  it('halts without a word when the ledger has seen more than it knows of', async () => {
    broker.head = { incarnation: 1, highestSequence: 50 };
    await put(3);
    const verdicts: HeadVerdict[] = [];
    const uplink = start({ onHead: (_head, verdict) => verdicts.push(verdict) });
    await expect(uplink.drain(soon())).rejects.toMatchObject({ kind: 'uplink-halted', message: /up to number 50/ });
    expect(uplink.state).toBe('halted');
    expect(verdicts).toMatchObject([{ kind: 'agent-behind' }]);
    expect(broker.taken).toStrictEqual([]);
  });

  it('halts when numbers that it has not sent yet are known to the ledger: it was restored from an older image', async () => {
    broker.head = { incarnation: 1, highestSequence: 2 };
    await put(3);
    const uplink = start();
    await expect(uplink.drain(soon())).rejects.toMatchObject({ kind: 'uplink-halted' });
    expect(broker.taken).toStrictEqual([]);
  });

  it('goes on with a warning when the broker does not say the head', async () => {
    broker.head = null;
    await put(1);
    await start({ headTimeoutMs: 50 }).drain(soon());
    expect(broker.frames()).toStrictEqual([1]);
  });

  it('says goodbye with a closing heartbeat, and leaves no last will', async () => {
    const uplink = start();
    await put(2);
    await uplink.drain(soon());
    await uplink.stop();
    expect(broker.heartbeats().at(-1)).toStrictEqual({
      incarnation: 1,
      highestSequence: 2,
      watermarkMs: null,
      closed: true,
    });
    expect(
      broker
        .heartbeats()
        .slice(0, -1)
        .every(({ closed }) => !closed),
    ).toBe(true);
    expect(broker.gone).toStrictEqual([]);
    const again = await Spool.open(table.kill(), { bytesMax: SPOOL_BYTES_MIN, prefix: Uint8Array.of(1) });
    expect(again.unreleasedCount).toBe(0);
  });

  it('stops also while the broker acknowledges nothing, and keeps what it has', async () => {
    broker.holds = true;
    await put(5);
    const uplink = start();
    await vi.waitUntil(() => broker.frames().length === 5);
    await uplink.stop();
    expect(uplink.state).toBe('stopped');
    expect(spool.unreleasedCount).toBe(5);
  });

  it('sends a heartbeat on connecting and when it is asked to', async () => {
    const uplink = start();
    await vi.waitUntil(() => broker.heartbeats().length === 1);
    highestSequence = 9;
    await vi.waitUntil(() => {
      uplink.sendHeartbeatNow();
      return broker.heartbeats().at(-1)?.highestSequence === 9;
    });
  });

  it('hands on the verdicts that the broker gives', async () => {
    const verdicts: unknown[] = [];
    const uplink = start({ onVerdict: (refused) => verdicts.push(refused) });
    await put(1);
    await uplink.drain(soon());
    const refused = { incarnation: 1, sequence: 1, code: 'future', detail: 'x' };
    broker.say('verdict', refused);
    broker.say('verdict', { nonsense: true });
    await vi.waitUntil(() => verdicts.length === 1);
    expect(verdicts).toStrictEqual([refused]);
  });
});
