import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ViewSource } from '../index/view-source.ts';
import { SHARED_BYTES_MAX, SHARED_TELLINGS_MAX, TELLINGS_MADE_MAX } from './limits.ts';
import { SharedMessage, SharedTellings, type Telling } from './shared-tellings.ts';
import { textOfFrame } from './text-frame.fixtures.ts';

/** A source that has changed as often as the test says. */
function sourceWith(recent: { newest: number }): ViewSource {
  return { recent, isReplaced: false } as unknown as ViewSource;
}

/** Counts how often it is asked to make something of so many bytes. */
class Maker {
  count = 0;

  make(bytes = 1): Promise<Telling> {
    this.count++;
    const message = new SharedMessage('changes', Buffer.alloc(bytes));
    return Promise.resolve({ source: sourceWith({ newest: 1 }), sequence: 1, freshnessMs: null, message });
  }
}

describe('what subscriptions are told', () => {
  it('is made once for all that stand at the same place, until the next change', async () => {
    const shared = new SharedTellings();
    const maker = new Maker();
    const recent = { newest: 1 };
    const source = sourceWith(recent);
    const tell = (key: string): Promise<Telling> => shared.tell(source, key, () => maker.make());
    expect(await tell('a')).toBe(await tell('a'));
    expect(maker.count).toBe(1);
    await tell('b');
    expect(maker.count).toBe(2);
    recent.newest = 2;
    await tell('a');
    expect(maker.count).toBe(3);
  });

  it('is made anew for another source, and after a failure', async () => {
    const shared = new SharedTellings();
    const maker = new Maker();
    const recent = { newest: 1 };
    await shared.tell(sourceWith(recent), 'a', () => maker.make());
    await shared.tell(sourceWith(recent), 'a', () => maker.make());
    expect(maker.count).toBe(2);
    const source = sourceWith(recent);
    await expect(shared.tell(source, 'b', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await shared.tell(source, 'b', () => maker.make());
    expect(maker.count).toBe(3);
  });

  it('is forgotten, the oldest first, when there are too many of them, or too large ones', async () => {
    const shared = new SharedTellings();
    const maker = new Maker();
    const source = sourceWith({ newest: 1 });
    for (let i = 0; i <= SHARED_TELLINGS_MAX; i++) await shared.tell(source, `${i}`, () => maker.make());
    await shared.tell(source, '1', () => maker.make());
    expect(maker.count).toBe(SHARED_TELLINGS_MAX + 1);
    await shared.tell(source, '0', () => maker.make());
    expect(maker.count).toBe(SHARED_TELLINGS_MAX + 2);
    await shared.tell(source, 'large', () => maker.make(SHARED_BYTES_MAX));
    await shared.tell(source, 'large', () => maker.make());
    expect(maker.count).toBe(SHARED_TELLINGS_MAX + 4);
  });

  it('is made a few at a time, however many ask', async () => {
    const shared = new SharedTellings();
    const source = sourceWith({ newest: 1 });
    const maker = new Maker();
    let [making, most] = [0, 0];
    const make = async (): Promise<Telling> => {
      most = Math.max(most, ++making);
      await nextTurn();
      making--;
      return maker.make();
    };
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => shared.tell(source, `${i}`, make)));
    expect([maker.count, most]).toEqual([1_000, TELLINGS_MADE_MAX]);
  });

  it('names the subscription that is told', () => {
    const message = new SharedMessage('changes', Buffer.from('"windows":[]}'));
    const told = ['a', 'b', 'a"'].map((id) => JSON.parse(textOfFrame(message.frameFor(id))) as unknown);
    expect(told).toEqual(['a', 'b', 'a"'].map((id) => ({ type: 'changes', id, windows: [] })));
  });
});
