/** The laws of sources (`source.ts`), as a suite that every kind runs on what it opens. */
import { describe, expect, it } from 'vitest';
import {
  type EntryRegistry,
  type ReadingBatch,
  SeriesList,
  type Source,
  type SourceCheckpoint,
  type SourceSupport,
} from './source.ts';

/** A kind of source with something to read: at least `BATCHES` batches, the same ones each time it is opened. */
export interface SourceCase {
  readonly supports: SourceSupport;
  open(registry: EntryRegistry): Source;
  /** Sends what a source that listens is to deliver; called once batches have been asked for. */
  feed?(source: Source): Promise<void>;
}

/** So many batches the suite looks at. */
export const BATCHES = 3;

type Row = readonly [series: string, timeMs: number, value: number];

interface Seen {
  readonly rows: readonly Row[];
  readonly batch: ReadingBatch;
}

/** Runs the suite; `prepare` is called before each case. */
export function describeSource(name: string, prepare: () => SourceCase | Promise<SourceCase>): void {
  describe(`${name} keeps the laws of sources:`, () => {
    it('a batch counts what it holds, and names series by the numbers of the registry', async () => {
      const registry = new SeriesList();
      const seen = await firstBatches(await prepare(), registry);
      expect(seen).toHaveLength(BATCHES);
      for (const { batch, rows } of seen) {
        expect(batch.tallies.readings).toBe(batch.count);
        expect([batch.entry.length, batch.timeMs.length, batch.value.length]).toEqual(Array(3).fill(batch.count));
        for (const [series, timeMs, value] of rows) {
          expect(series).not.toBe('undefined');
          expect(Number.isSafeInteger(timeMs) && Number.isSafeInteger(value)).toBe(true);
        }
      }
      for (const { metric, device, tags } of registry.descriptions) {
        expect(metric).not.toBe('');
        expect(tags['device']).toBe(device);
      }
    });

    it('a batch stays whole until the next but one is asked for', async () => {
      const registry = new SeriesList();
      let before: Seen | undefined;
      await read(await prepare(), registry, null, (batch) => {
        if (before !== undefined) expect(rowsOf(before.batch, registry)).toEqual(before.rows);
        before = { batch, rows: rowsOf(batch, registry) };
      });
    });

    it('its watermark never goes back', async () => {
      let watermarkMs = Number.NEGATIVE_INFINITY;
      for (const { batch } of await firstBatches(await prepare(), new SeriesList())) {
        if (batch.watermarkMs === null) continue;
        expect(batch.watermarkMs).toBeGreaterThanOrEqual(watermarkMs);
        ({ watermarkMs } = batch);
      }
    });

    it('a checkpoint is plain JSON, and opened there it delivers what followed', async () => {
      const one = await prepare();
      const seen = await firstBatches(one, new SeriesList());
      for (const [i, { batch }] of seen.entries()) {
        const checkpoint = JSON.parse(JSON.stringify(batch.checkpoint)) as SourceCheckpoint;
        expect(checkpoint).toEqual(batch.checkpoint);
        if (!one.supports.resumes || i === seen.length - 1) continue;
        const rest = (await firstBatches(one, new SeriesList(), checkpoint)).flatMap(({ rows }) => rows);
        const followed = seen.slice(i + 1).flatMap(({ rows }) => rows);
        const count = Math.min(rest.length, followed.length);
        expect(count).toBeGreaterThan(0);
        expect(rest.slice(0, count)).toEqual(followed.slice(0, count));
      }
    });

    it('ends when it is told to, and then delivers nothing', async () => {
      const one = await prepare();
      const stop = new AbortController();
      const source = one.open(new SeriesList());
      expect(source.nature).toBe(one.supports.nature);
      const batches = source.batches(null, stop.signal)[Symbol.asyncIterator]();
      const first = batches.next();
      await one.feed?.(source);
      expect((await first).done).not.toBe(true);
      (await first).value.acknowledged?.();
      stop.abort();
      // What was read before it was told may still come, once.
      let after = 0;
      while ((await batches.next()).done !== true) after++;
      expect(after).toBeLessThanOrEqual(1);
    });
  });
}

async function firstBatches(
  one: SourceCase,
  registry: SeriesList,
  from: SourceCheckpoint | null = null,
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  await read(one, registry, from, (batch) => seen.push({ batch, rows: rowsOf(batch, registry) }));
  return seen;
}

/** Shows up to BATCHES batches that hold anything, and then stops the source. */
async function read(
  one: SourceCase,
  registry: SeriesList,
  from: SourceCheckpoint | null,
  look: (batch: ReadingBatch) => void,
): Promise<void> {
  const stop = new AbortController();
  const source = one.open(registry);
  const batches = source.batches(from, stop.signal)[Symbol.asyncIterator]();
  let next = batches.next();
  await one.feed?.(source);
  for (let shown = 0; shown < BATCHES; next = batches.next()) {
    const result = await next;
    if (result.done === true) return;
    result.value.acknowledged?.();
    if (result.value.count === 0) continue;
    look(result.value);
    shown++;
  }
  stop.abort();
  await next;
  await batches.return?.();
}

function rowsOf({ count, entry, timeMs, value }: ReadingBatch, { descriptions }: SeriesList): Row[] {
  return Array.from({ length: count }, (_, i) => [JSON.stringify(descriptions[entry[i]!]), timeMs[i]!, value[i]!]);
}
