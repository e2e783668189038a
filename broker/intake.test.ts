import { describe, expect, it, vi } from 'vitest';
import { Intake } from './intake.ts';
import type { Entry } from './registrar.ts';

const ENTRY: Entry = { record: undefined };
const NOTHING = Uint8Array.of();

/** A registrar that stores when it is told to, in whatever order. */
function scripted(): {
  readonly registrar: ConstructorParameters<typeof Intake>[1];
  readonly stores: PromiseWithResolvers<void>[];
} {
  const stores: PromiseWithResolvers<void>[] = [];
  const store = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    stores.push(one);
    return one.promise;
  };
  return { registrar: { decide: () => Promise.resolve(ENTRY), store }, stores };
}

describe('the intake of a client', () => {
  it('stores at once and answers in order, however the log finishes', async () => {
    const { registrar, stores } = scripted();
    const intake = new Intake('a', registrar);
    const answered: number[] = [];
    const all = [0, 1, 2].map((i) => intake.take('frame', NOTHING, 0).then(() => answered.push(i)));
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
    const { registrar, stores } = scripted();
    const intake = new Intake('a', registrar);
    const all = [0, 1, 2].map(() => intake.take('frame', NOTHING, 0));
    await vi.waitUntil(() => stores.length === 3);
    stores[2]?.resolve();
    stores[1]?.reject(new Error('full'));
    stores[0]?.resolve();
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(intake.take('frame', NOTHING, 0)).rejects.toThrow('full');
  });

  it('decides about the next message only when it has issued the one before', async () => {
    const first = Promise.withResolvers<Entry>();
    const order: string[] = [];
    const registrar = {
      decide: (_agent: string, topic: string): Promise<Entry> => {
        order.push(`decide ${topic}`);
        return topic === 'frame' ? first.promise : Promise.resolve(ENTRY);
      },
      store: (): Promise<void> => {
        order.push('store');
        return Promise.resolve();
      },
    };
    const intake = new Intake('a', registrar);
    const all = [intake.take('frame', NOTHING, 0), intake.take('refused', NOTHING, 0)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toStrictEqual(['decide frame']);
    first.resolve(ENTRY);
    await Promise.all(all);
    expect(order).toStrictEqual(['decide frame', 'store', 'decide refused', 'store']);
  });

  it('goes on deciding after a decision that failed', async () => {
    const registrar = {
      decide: vi.fn<() => Promise<Entry>>().mockRejectedValueOnce(new Error('no claims')).mockResolvedValue(ENTRY),
      store: () => Promise.resolve(),
    };
    const intake = new Intake('a', registrar);
    const all = await Promise.allSettled([intake.take('frame', NOTHING, 0), intake.take('frame', NOTHING, 0)]);
    expect(all.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected']);
    expect(registrar.decide).toHaveBeenCalledTimes(2);
  });
});
