import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { NameNotAllowed, StoreClosed, TooLarge } from '../storage-errors.ts';
import { type KeyValue, type KeyValueChange, type KeyValueOutcome } from './key-value.ts';

/** A place for one key-value store. `open` may be called again after the store was disposed of. */
export interface KeyValueHarness extends AsyncDisposable {
  open(): Promise<KeyValue>;
}

/** Where the values are held by a process of its own, which can be killed. */
export interface KeyValueServerHarness extends KeyValueHarness {
  /** Kills it (`kill -9`) and starts it again. */
  restartStorage(): Promise<void>;
}

type MakeHarness = () => Promise<KeyValueHarness>;

/** The laws of the `KeyValue` port, as tests; a new adapter gives its name and a place. */
export function runKeyValueCases(name: string, makeHarness: MakeHarness): void {
  describe(`key-value state on ${name}`, () => {
    describe('compare-and-set', () => {
      compareAndSetCases(makeHarness);
    });
    describe('watch', () => {
      watchCases(makeHarness);
    });
    describe('keys, values and opening', () => {
      surfaceCases(makeHarness);
    });
  });
}

/** What holds besides where the values are held by a server: watches outlive it. */
export function runKeyValueServerCases(name: string, makeHarness: () => Promise<KeyValueServerHarness>): void {
  describe(`key-value state on ${name}, whose server is killed`, () => {
    it('goes on after its storage was killed, and shows what changed', async () => {
      await using harness = await makeHarness();
      await using state = await harness.open();
      const stop = new AbortController();
      const watch = state.watch('', stop.signal)[Symbol.asyncIterator]();
      const first = watch.next();
      const revision = revisionOf(await state.create('a', bytes('1')));
      expect((await first).value).toMatchObject({ key: 'a', revision });
      await harness.restartStorage();
      const next = nextOf(watch);
      await expect
        .poll(() => state.get('a').catch(() => undefined), { timeout: 20_000 })
        .toEqual({ value: bytes('1'), revision });
      const later = revisionOf(await state.update('a', bytes('2'), revision));
      expect(await next).toEqual({ key: 'a', value: bytes('2'), revision: later });
      stop.abort();
      await watch.return?.();
    }, 30_000);
  });
}

function compareAndSetCases(makeHarness: MakeHarness): void {
  it('creates a missing key once', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const revision = revisionOf(await state.create('a', bytes('one')));
    expect(await state.create('a', bytes('two'))).toEqual({ kind: 'conflict' });
    expect(await state.get('a')).toEqual({ value: bytes('one'), revision });
    expect(await state.get('b')).toBeUndefined();
  });

  it('updates and removes only at the expected revision', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const first = revisionOf(await state.create('a', bytes('one')));
    const second = revisionOf(await state.update('a', bytes('two'), first));
    expect(second).toBeGreaterThan(first);
    expect(await state.update('a', bytes('three'), first)).toEqual({ kind: 'conflict' });
    expect(await state.remove('a', first)).toEqual({ kind: 'conflict' });
    expect(await state.update('b', bytes('four'), second)).toEqual({ kind: 'conflict' });
    expect(await state.get('a')).toEqual({ value: bytes('two'), revision: second });
    expect(revisionOf(await state.remove('a', second))).toBeGreaterThan(second);
    expect(await state.get('a')).toBeUndefined();
  });

  it('knows no revision of a key that was removed, and counts on when it is created again', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const first = revisionOf(await state.create('a', bytes('one')));
    const removal = revisionOf(await state.remove('a', first));
    expect(await state.update('a', bytes('two'), removal)).toEqual({ kind: 'conflict' });
    expect(await state.remove('a', removal)).toEqual({ kind: 'conflict' });
    const again = revisionOf(await state.create('a', bytes('three')));
    expect(again).toBeGreaterThan(removal);
    expect(await state.update('a', bytes('four'), first)).toEqual({ kind: 'conflict' });
    expect(await state.get('a')).toEqual({ value: bytes('three'), revision: again });
  });

  it('lets exactly one of many win, at creating, updating and removing', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const contenders = Array.from({ length: 20 }, (_, index) => `from ${index}`);
    const created = await Promise.all(contenders.map((text) => state.create('a', bytes(text))));
    const creator = onlyWinner(created);
    expect(await state.get('a')).toEqual({ value: bytes(`from ${creator.index}`), revision: creator.revision });
    const updated = await Promise.all(contenders.map((text) => state.update('a', bytes(text), creator.revision)));
    const updater = onlyWinner(updated);
    expect(await state.get('a')).toEqual({ value: bytes(`from ${updater.index}`), revision: updater.revision });
    const remover = onlyWinner(await Promise.all(contenders.map(() => state.remove('a', updater.revision))));
    expect(remover.revision).toBeGreaterThan(updater.revision);
  });

  it('counts to the number of its writers when each adds one by trying again', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    await state.create('count', bytes('0'));
    const addOne = async (): Promise<void> => {
      for (;;) {
        const { value, revision } = (await state.get('count'))!;
        const next = bytes(String(Number(new TextDecoder().decode(value)) + 1));
        if ((await state.update('count', next, revision)).kind === 'stored') return;
      }
    };
    await Promise.all(Array.from({ length: 8 }, addOne));
    expect((await state.get('count'))?.value).toEqual(bytes('8'));
  });
}

function watchCases(makeHarness: MakeHarness): void {
  it('gives the present entries first, then changes and removals, of its prefix only', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const present = revisionOf(await state.create('a.one', bytes('1')));
    await state.create('b.one', bytes('1'));
    const gone = revisionOf(await state.create('a.gone', bytes('1')));
    await state.remove('a.gone', gone);
    const stop = new AbortController();
    const watch = state.watch('a.', stop.signal)[Symbol.asyncIterator]();
    expect(await nextOf(watch)).toEqual({ key: 'a.one', value: bytes('1'), revision: present });
    const created = watch.next();
    const revision = revisionOf(await state.create('a.two', bytes('2')));
    expect((await created).value).toEqual({ key: 'a.two', value: bytes('2'), revision });
    await state.create('b.two', bytes('2'));
    const removal = revisionOf(await state.remove('a.two', revision));
    expect(await nextOf(watch)).toEqual({ key: 'a.two', value: undefined, revision: removal });
    const ended = watch.next();
    stop.abort();
    expect(await ended).toEqual({ done: true, value: undefined });
  });

  it('takes a prefix for a beginning of text, not of whole parts', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    for (const key of ['view', 'view.a', 'views.a', 'other']) await state.create(key, bytes(key));
    expect(await state.list('view')).toEqual(['view', 'view.a', 'views.a']);
    expect(await state.list('view.')).toEqual(['view.a']);
    expect(await state.list('')).toEqual(['other', 'view', 'view.a', 'views.a']);
    expect(await state.list('none')).toEqual([]);
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const change of state.watch('views', stop.signal)) {
      seen.push(change.key);
      stop.abort();
    }
    expect(seen).toEqual(['views.a']);
  });

  it('shows a slow watcher the newest of each key, with ascending revisions', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    const stop = new AbortController();
    let revision = revisionOf(await state.create('a', bytes('0')));
    const watch = state.watch('', stop.signal)[Symbol.asyncIterator]();
    let seen = (await nextOf(watch)).revision;
    for (let n = 1; n <= 30; n++) revision = revisionOf(await state.update('a', bytes(String(n)), revision));
    while (seen < revision) {
      const change = await nextOf(watch);
      expect(change.revision).toBeGreaterThan(seen);
      seen = change.revision;
      if (seen === revision) expect(change.value).toEqual(bytes('30'));
    }
    stop.abort();
    await watch.return?.();
  });
}

function surfaceCases(makeHarness: MakeHarness): void {
  it('keeps values and revisions when it is opened again', async () => {
    await using harness = await makeHarness();
    let revision: number;
    {
      await using state = await harness.open();
      revision = revisionOf(await state.create('a.b', bytes('one')));
    }
    await using state = await harness.open();
    expect(await state.get('a.b')).toEqual({ value: bytes('one'), revision });
    expect(revisionOf(await state.create('c', bytes('two')))).toBeGreaterThan(revision);
  });

  it('takes the largest value and the empty one, and refuses a larger one', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    await state.create('empty', new Uint8Array(0));
    expect((await state.get('empty'))?.value).toEqual(new Uint8Array(0));
    await state.create('large', new Uint8Array(983_040).fill(7));
    expect((await state.get('large'))?.value.length).toBe(983_040);
    await expect(state.create('larger', new Uint8Array(983_041))).rejects.toThrow(TooLarge);
  });

  it('takes keys of its alphabet only, on every adapter alike', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    for (const key of ['a', 'A-Z/0=9_.b', 'x'.repeat(200)]) {
      await state.create(key, bytes(key));
      expect((await state.get(key))?.value).toEqual(bytes(key));
    }
    for (const key of ['', '.', 'a.', '.a', 'a..b', 'a b', 'a*', '>', 'ä', 'x'.repeat(201)]) {
      await expect(state.create(key, bytes('1'))).rejects.toThrow(NameNotAllowed);
      await expect(state.get(key)).rejects.toThrow(NameNotAllowed);
    }
  });

  it('takes beginnings of keys only, to list and to watch', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    await state.create('a.b', bytes('1'));
    for (const prefix of ['', 'a', 'a.', 'a.b']) expect(await state.list(prefix)).toEqual(['a.b']);
    for (const prefix of ['.', 'a..', '.a', 'a b', 'ä.', 'x'.repeat(201)]) {
      await expect(state.list(prefix)).rejects.toThrow(NameNotAllowed);
      const watching = state.watch(prefix, new AbortController().signal)[Symbol.asyncIterator]().next();
      await expect(watching).rejects.toThrow(NameNotAllowed);
    }
  });

  it('changes by a revision that can have been given only', async () => {
    await using harness = await makeHarness();
    await using state = await harness.open();
    await state.create('a', bytes('1'));
    for (const revision of [0, -1, 1.5, Number.NaN]) {
      await expect((async () => state.update('a', bytes('2'), revision))()).rejects.toThrow(AssertionError);
      await expect((async () => state.remove('a', revision))()).rejects.toThrow(AssertionError);
    }
  });

  it('refuses everything by name after it was closed, and ends watches so', async () => {
    await using harness = await makeHarness();
    const state = await harness.open();
    const watching = state.watch('', new AbortController().signal)[Symbol.asyncIterator]().next();
    await Promise.all([expect(watching).rejects.toThrow(StoreClosed), state[Symbol.asyncDispose]()]);
    await expect(state.get('a')).rejects.toThrow(StoreClosed);
    await expect(state.create('a', bytes('1'))).rejects.toThrow(StoreClosed);
  });
}

function revisionOf(outcome: KeyValueOutcome): number {
  if (outcome.kind === 'conflict') throw new Error('expected the change to be stored, but it is a conflict');
  return outcome.revision;
}

function onlyWinner(outcomes: readonly KeyValueOutcome[]): { index: number; revision: number } {
  const winners = outcomes.flatMap((outcome, index) =>
    outcome.kind === 'stored' ? [{ index, revision: outcome.revision }] : [],
  );
  expect(winners).toHaveLength(1);
  return winners[0]!;
}

async function nextOf(watch: AsyncIterator<KeyValueChange>): Promise<KeyValueChange> {
  const step = await watch.next();
  if (step.done === true) throw new Error('the watch has ended');
  return step.value;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
