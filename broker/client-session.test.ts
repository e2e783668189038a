import type { Client, PublishPacket, Subscription } from 'aedes';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import type { EndedEntry } from '#core/fold/silences.ts';
import type { RefusedFrame, WantedFrames } from '#core/wire/topics.ts';
import { ClientSession, type ClientSessionOptions, PublishQueue } from './client-session.ts';
import type { GuardedConnection } from './guarded-connection.ts';
import type { Decision, Ingest } from './ingest.ts';
import { Presence } from './presence.ts';

const ROOT = 'weir/v1/roof-1';
const REFUSED: RefusedFrame = { incarnation: 1, sequence: 7, code: 'future', detail: 'set the clock', entries: [] };
const HEAD = { incarnation: 3, highestSequence: 17 };

/** The session of agent roof-1 with a broker that decides as the test says and stores at once. */
function openSession(
  decision: Decision = { record: undefined },
  ledgerHead = () => Promise.resolve(HEAD),
  wantedOf: ClientSessionOptions['wantedOf'] = () => Promise.resolve({ heads: [HEAD], missing: [] }),
  endedOf: ClientSessionOptions['endedOf'] = () => Promise.resolve([]),
) {
  const logged: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const sent: { topic: string; body: unknown }[] = [];
  const client = {
    closed: false,
    publish: (packet: PublishPacket, done: (error?: Error) => void) => {
      expect(packet).toMatchObject({ cmd: 'publish', qos: 0, retain: false });
      sent.push({ topic: packet.topic, body: JSON.parse(packet.payload.toString()) });
      done();
    },
  };
  const answered = vi.fn<() => void>();
  const ingest = {
    decide: vi.fn<(...message: unknown[]) => Promise<Decision>>().mockResolvedValue(decision),
    store: vi.fn<() => Promise<void>>().mockResolvedValue(),
  };
  const presence = new Presence(() => undefined);
  presence.online('roof-1', 0);
  const session = new ClientSession(
    'roof-1',
    client as unknown as Client,
    { taken: () => undefined, answered } as unknown as GuardedConnection,
    { ingest: ingest as unknown as Ingest, presence, clock: () => 12, logger, ledgerHead, wantedOf, endedOf },
  );
  const subscribe = (...topics: string[]): void => {
    const all = topics.map((topic) => ({ topic: `${ROOT}/${topic}`, qos: 0 }) as Subscription);
    for (const one of all) expect(session.authorizeSubscribe(one)).toBe(one);
    session.subscribed(all);
  };
  /** Publishes to a topic, whole; gives what its sender is told: nothing for an acknowledgement. */
  const publish = async (topic: string, payload = Buffer.of(1)) => {
    const packet = { topic, payload } as unknown as PublishPacket;
    const told = vi.fn<(error?: Error | null) => void>();
    await session.publish(packet, told);
    return { packet, told: told.mock.calls.map(([error]) => error) };
  };
  return { session, client, ingest, presence, answered, sent, logged, subscribe, publish };
}

describe('the session of a client', () => {
  it('stores what it publishes, as its agent, and acknowledges it then', async () => {
    const { publish, ingest, answered, presence } = openSession();
    const { packet, told } = await publish(`${ROOT}/frame`, Buffer.of(1, 2));
    expect(ingest.decide.mock.calls).toStrictEqual([['roof-1', 'frame', Buffer.of(1, 2), 12]]);
    expect(ingest.store).toHaveBeenCalledOnce();
    expect(told).toStrictEqual([null]);
    expect(answered).toHaveBeenCalledOnce();
    expect(packet.payload).toHaveLength(0);
    expect(presence.list()).toMatchObject([{ agent: 'roof-1', lastSeenMs: 12 }]);
  });

  it('is refused what it publishes for another, and nothing of it is decided', async () => {
    const { publish, ingest, answered } = openSession();
    const { told } = await publish('weir/v1/roof-2/frame');
    expect(told).toMatchObject([{ kind: 'client-refused' }]);
    expect(ingest.decide).not.toHaveBeenCalled();
    expect(answered).not.toHaveBeenCalled();
  });

  it('may publish that it is gone, which is answered and says nothing', async () => {
    const { publish, ingest, answered } = openSession();
    expect((await publish(`${ROOT}/gone`)).told).toStrictEqual([null]);
    expect(answered).toHaveBeenCalledOnce();
    expect(ingest.decide).not.toHaveBeenCalled();
  });

  it('ends with the reason why something could not be stored', async () => {
    const { publish, ingest, answered } = openSession();
    ingest.store.mockRejectedValueOnce(new Error('full'));
    expect((await publish(`${ROOT}/frame`)).told).toMatchObject([{ message: 'full' }]);
    expect(answered).toHaveBeenCalledOnce();
  });

  it('is told nothing more once it has ended, well or not', async () => {
    const { publish, client, ingest, answered, subscribe, sent } = openSession({ record: undefined, answer: REFUSED });
    subscribe('verdict');
    client.closed = true;
    expect((await publish(`${ROOT}/frame`)).told).toStrictEqual([]);
    ingest.store.mockRejectedValueOnce(new Error('full'));
    expect((await publish(`${ROOT}/frame`)).told).toStrictEqual([]);
    // What was stored for it holds its room no longer.
    expect(answered).toHaveBeenCalledTimes(2);
    expect(sent).toStrictEqual([]);
  });

  it('hears of a refused frame while it is subscribed to verdicts, and the log once of each kind', async () => {
    const { publish, session, subscribe, sent, logged } = openSession({ record: undefined, answer: REFUSED });
    await publish(`${ROOT}/frame`);
    expect(sent).toStrictEqual([]);
    subscribe('verdict');
    await publish(`${ROOT}/frame`);
    session.unsubscribed([`${ROOT}/verdict`]);
    await publish(`${ROOT}/frame`);
    expect(sent).toStrictEqual([{ topic: `${ROOT}/verdict`, body: REFUSED }]);
    expect(logged).toMatchObject([{ agent: 'roof-1', code: 'future', detail: 'set the clock' }]);
  });

  it('hears nothing of a message that can not be read, of which the log does', async () => {
    const { publish, subscribe, sent, logged } = openSession({ record: undefined, complaint: 'no JSON' });
    subscribe('verdict');
    await publish(`${ROOT}/heartbeat`);
    expect(sent).toStrictEqual([]);
    expect(logged).toMatchObject([{ code: 'unreadable', detail: 'no JSON' }]);
  });

  it('leaves no word in the log of what was taken well', async () => {
    const { publish, logged } = openSession();
    await publish(`${ROOT}/frame`);
    expect(logged).toStrictEqual([]);
  });

  it('hears which of its series are ended if it asks, and of what was to be told before nothing any more', async () => {
    const asked: PromiseWithResolvers<readonly EndedEntry[]>[] = [];
    const { session, subscribe, sent } = openSession(undefined, undefined, undefined, () => {
      asked.push(Promise.withResolvers());
      return asked.at(-1)!.promise;
    });
    void session.tellEnded();
    expect(asked).toHaveLength(0);
    subscribe('ended');
    void session.tellEnded();
    expect(asked).toHaveLength(2);
    asked[0]!.resolve([[7, 1]]);
    asked[1]!.resolve([[8, 2]]);
    await vi.waitUntil(() => sent.length > 0);
    expect(sent).toStrictEqual([{ topic: `${ROOT}/ended`, body: { ended: [[8, 2]], more: false } }]);
  });

  it('hears what the ledger lacks of it when that is known, if it asks for it', async () => {
    const wanted = Promise.withResolvers<WantedFrames>();
    const { subscribe, sent } = openSession(undefined, undefined, () => wanted.promise);
    subscribe('verdict', 'wanted');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toStrictEqual([]);
    wanted.resolve({ heads: [HEAD], missing: [{ incarnation: 2, from: 5, to: 6 }] });
    await vi.waitUntil(() => sent.length > 0);
    expect(sent).toStrictEqual([{ topic: `${ROOT}/wanted`, body: { heads: [[3, 17]], missing: [[2, 5, 6]] } }]);
  });

  it('lets go of who would say what is lacking when it ends, without a word', async () => {
    let ended: AbortSignal | undefined;
    const { session, subscribe, logged } = openSession(undefined, undefined, (_agent, signal) => {
      ended = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('it has ended'))));
    });
    subscribe('wanted');
    session.end();
    expect(ended?.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(logged).toStrictEqual([]);
  });

  it('hears the head of the ledger when it subscribes to it, and only then', async () => {
    const { subscribe, sent } = openSession();
    subscribe('verdict');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toStrictEqual([]);
    subscribe('head');
    await vi.waitUntil(() => sent.length > 0);
    expect(sent).toStrictEqual([{ topic: `${ROOT}/head`, body: HEAD }]);
  });

  it('goes on without a head where the ledger has none to say', async () => {
    const { subscribe, sent, logged } = openSession(undefined, () => Promise.reject(new Error('not folded yet')));
    subscribe('head');
    await vi.waitUntil(() => logged.length > 0);
    expect(logged).toMatchObject([{ agent: 'roof-1', err: { message: 'not folded yet' } }]);
    expect(sent).toStrictEqual([]);
  });

  it('may subscribe to its own down topics only, and notes none that it may not', async () => {
    const { session, logged, publish, sent } = openSession({ record: undefined, answer: REFUSED });
    const foreign: Subscription = { topic: 'weir/v1/roof-2/verdict', qos: 0 };
    expect(session.authorizeSubscribe(foreign)).toBeNull();
    expect(logged).toMatchObject([{ topic: 'weir/v1/roof-2/verdict' }]);
    session.subscribed([foreign]);
    await publish(`${ROOT}/frame`);
    expect(sent).toStrictEqual([]);
  });

  it('says when it has ended', async () => {
    const { session } = openSession();
    session.end();
    await session.ended;
  });
});

const DECISION: Decision = { record: undefined };
const NOTHING = Uint8Array.of();

/** An ingest that stores when it is told to, in whatever order. */
function scripted(): {
  readonly ingest: ConstructorParameters<typeof PublishQueue>[1];
  readonly stores: PromiseWithResolvers<void>[];
} {
  const stores: PromiseWithResolvers<void>[] = [];
  const store = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    stores.push(one);
    return one.promise;
  };
  return { ingest: { decide: () => Promise.resolve(DECISION), store }, stores };
}

describe('the published messages of a client', () => {
  it('stores at once and answers in order, however the log finishes', async () => {
    const { ingest, stores } = scripted();
    const queue = new PublishQueue('a', ingest);
    const answered: number[] = [];
    const all = [0, 1, 2].map((i) => queue.take('frame', NOTHING, 0).then(() => answered.push(i)));
    await vi.waitUntil(() => stores.length === 3);
    stores[2]?.resolve();
    stores[1]?.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toStrictEqual([]);
    stores[0]?.resolve();
    await Promise.all(all);
    expect(answered).toStrictEqual([0, 1, 2]);
  });

  it('answers nothing behind what was not stored, though it is stored itself', async () => {
    const { ingest, stores } = scripted();
    const queue = new PublishQueue('a', ingest);
    const all = [0, 1, 2].map(() => queue.take('frame', NOTHING, 0));
    await vi.waitUntil(() => stores.length === 3);
    stores[2]?.resolve();
    stores[1]?.reject(new Error('full'));
    stores[0]?.resolve();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(queue.take('frame', NOTHING, 0)).rejects.toThrow('full');
  });

  it('decides about the next message only when it has issued the one before', async () => {
    const first = Promise.withResolvers<Decision>();
    const order: string[] = [];
    const ingest = {
      decide: (_agent: string, topic: string): Promise<Decision> => {
        order.push(`decide ${topic}`);
        return topic === 'frame' ? first.promise : Promise.resolve(DECISION);
      },
      store: (): Promise<void> => {
        order.push('store');
        return Promise.resolve();
      },
    };
    const queue = new PublishQueue('a', ingest);
    const all = [queue.take('frame', NOTHING, 0), queue.take('refused', NOTHING, 0)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toStrictEqual(['decide frame']);
    first.resolve(DECISION);
    await Promise.all(all);
    expect(order).toStrictEqual(['decide frame', 'store', 'decide refused', 'store']);
  });

  it('reports each failure once, to whoever published, also behind another', async () => {
    const { ingest, stores } = scripted();
    const queue = new PublishQueue('a', ingest);
    const all = [0, 1].map(() => queue.take('frame', NOTHING, 0));
    await vi.waitUntil(() => stores.length === 2);
    stores[1]!.reject(new Error('full again'));
    await new Promise((resolve) => setImmediate(resolve));
    stores[0]!.reject(new Error('full'));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes).toMatchObject([{ reason: { message: 'full' } }, { reason: { message: 'full' } }]);
  });

  it('decides about each as its agent’s, at the time it came', async () => {
    const decide = vi.fn<(...message: unknown[]) => Promise<Decision>>().mockResolvedValue(DECISION);
    await new PublishQueue('roof-1', { decide, store: () => Promise.resolve() }).take('heartbeat', NOTHING, 12);
    expect(decide.mock.calls).toStrictEqual([['roof-1', 'heartbeat', NOTHING, 12]]);
  });

  it('goes on deciding after a decision that failed', async () => {
    const ingest = {
      decide: vi
        .fn<() => Promise<Decision>>()
        .mockRejectedValueOnce(new Error('no claims'))
        .mockResolvedValue(DECISION),
      store: () => Promise.resolve(),
    };
    const queue = new PublishQueue('a', ingest);
    const all = await Promise.allSettled([queue.take('frame', NOTHING, 0), queue.take('frame', NOTHING, 0)]);
    expect(all.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected']);
    expect(ingest.decide).toHaveBeenCalledTimes(2);
  });
});
