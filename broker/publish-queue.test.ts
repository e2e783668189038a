import { describe, expect, it, vi } from 'vitest';
import type { Decision } from './ingest.ts';
import { PublishQueue } from './publish-queue.ts';

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
