import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { AGENT_IN_FLIGHT_MAX } from '#core/wire/limits.ts';
import type { SpoolItem } from '../spool/entry.ts';
import { SPOOL_BYTES_MIN } from '../spool/limits.ts';
import { Spool } from '../spool/spool.ts';
import { Connection, ConnectionLost, parseBrokerAddress } from './connection.ts';
import type { HeadVerdict } from './decisions.ts';
import type { Endings } from './endings.ts';
import { AGENT, ScriptedBroker } from './scripted-broker.fixtures.ts';
import { startUplink, type Uplink, type UplinkOptions } from './uplink.ts';

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
      onVerdict: () => Promise.resolve(),
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

  it('brings it by WebSocket, and dials again where one ends', async () => {
    const door = await broker.openWebSocketDoor();
    await put(100);
    const uplink = start({ url: `ws://127.0.0.1:${door.port}` });
    await uplink.drain(soon());
    door.cut();
    await put(1);
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    expect(uplink.counters).toMatchObject({ acknowledged: 101, connections: 2 });
    expect(door.asked).toStrictEqual(['/mqtt mqtt', '/mqtt mqtt']);
    await uplink.stop();
    await door.close();
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

  it('sends again what was lost on its way, though what was sent after it is acknowledged', async () => {
    broker.holds = true;
    await put(3);
    const uplink = start();
    await vi.waitUntil(() => broker.frames().length === 3);
    const [first] = broker.taken.filter(({ topic }) => topic.endsWith('/frame'));
    for (const message of broker.taken) if (message !== first) message.acknowledge();
    broker.holds = false;
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual([1, 2, 3, 1]);
    expect(uplink.counters).toMatchObject({ acknowledged: 3, connections: 2 });
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
    const uplink = start({ onHead: (verdict) => verdicts.push(verdict) });
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

  it('hands on a verdict with its frame, and releases the frame when what it asks for is done', async () => {
    const verdicts: unknown[] = [];
    const done = Promise.withResolvers<void>();
    broker.holds = true;
    const uplink = start({
      onVerdict: (refused, { bytes }) => {
        verdicts.push([refused, Buffer.from(bytes).readUInt32LE()]);
        return done.promise;
      },
    });
    await put(2);
    await vi.waitUntil(() => broker.frames().length === 2);
    const refused = { incarnation: 1, sequence: 1, code: 'future', detail: 'x', entries: [] };
    broker.say('verdict', { nonsense: true });
    broker.say('verdict', { ...refused, sequence: 7 });
    broker.say('verdict', refused);
    await vi.waitUntil(() => verdicts.length === 1);
    expect(verdicts).toStrictEqual([[refused, 1]]);
    for (const { acknowledge } of broker.taken.slice()) acknowledge();
    await vi.waitUntil(() => spool.unreleasedCount === 1);
    done.resolve();
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual([1, 2]);
  });

  it('sends again what a server that was set back lacks of what it had acknowledged, once', async () => {
    await put(6);
    await start().drain(soon());
    await uplinks.pop()!.stop();
    broker.taken.length = 0;
    const uplink = start();
    await put(1);
    await uplink.drain(soon());
    const wanted = { heads: [[1, 4]], missing: [[1, 2, 2]] };
    broker.say('wanted', wanted);
    broker.say('wanted', wanted);
    await vi.waitUntil(() => broker.frames().length >= 4);
    await put(1);
    await uplink.drain(soon());
    // Number 7 was first sent on this connection: it is not asked for, however far the ledger has come.
    expect(broker.frames()).toStrictEqual([7, 2, 5, 6, 8]);
    expect(uplink.counters).toMatchObject({ acknowledged: 2, sent: 5, connections: 1 });
  });

  it('sends a refused frame again where what its verdict asks for can not be stored', async () => {
    broker.holds = true;
    let failures = 1;
    const uplink = start({
      onVerdict: () => (failures-- > 0 ? Promise.reject(new Error('the disk is full')) : Promise.resolve()),
    });
    await put(1);
    await vi.waitUntil(() => broker.frames().length === 1);
    broker.say('verdict', { incarnation: 1, sequence: 1, code: 'future', detail: 'x', entries: [] });
    await vi.waitUntil(() => failures === 0);
    broker.holds = false;
    for (const { acknowledge } of broker.taken.slice()) acknowledge();
    await uplink.drain(soon());
    expect(broker.frames()).toStrictEqual([1, 1]);
  });

  it('hears on each connection which series are ended, and asks again where that can be told only later', async () => {
    broker.ended = { ended: [[3, 5]], more: false };
    const calls: string[] = [];
    const endings: Endings = {
      forget: () => void calls.push('forget'),
      told: ({ ended }) => void calls.push(`told ${JSON.stringify(ended)}`),
      ask: () => broker.askedOfEnded === 1,
      asked: () => void calls.push('asked'),
    };
    start({ endings });
    await vi.waitUntil(() => calls.length >= 4, { timeout: 20_000 });
    expect(calls.slice(0, 2)).toEqual(['forget', 'told [[3,5]]']);
    expect(calls.slice(2).toSorted()).toEqual(['asked', 'told [[3,5]]']);
    expect(broker.askedOfEnded).toBe(2);
  });

  it('is told that a connection has ended by whatever it asks on it', async () => {
    const address = parseBrokerAddress(`mqtt://127.0.0.1:${broker.port}`);
    const connection = await Connection.dial(address, AGENT, soon());
    connection.drop(new ConnectionLost('cut'));
    await expect(connection.subscribe(['wanted'])).rejects.toMatchObject({ kind: 'connection-lost' });
  });
});
