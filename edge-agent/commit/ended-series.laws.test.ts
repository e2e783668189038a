import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { splitEnded } from '#core/wire/ended-series.ts';
import { SeriesJournal } from '../journal/series-journal.ts';
import { Dictionary } from './dictionary.ts';
import { EndedSeries } from './ended-series.ts';

const SERIES = 2;

type Step =
  | { readonly kind: 'reading' | 'order'; readonly series: number; readonly timeMs: number }
  /** The agent puts what it has taken into a frame; the log takes the next of these; the agent hears that it has. */
  | { readonly kind: 'seal' | 'store' | 'acknowledge' }
  /** The agent looks whether to ask; the server hears it; the agent gets the next answer; or it connects anew. */
  | { readonly kind: 'look' | 'answer' | 'hear' | 'connect' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('reading' as const), series: fc.nat(SERIES - 1), timeMs: fc.nat(9) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('order' as const), series: fc.nat(SERIES - 1), timeMs: fc.nat(9) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('seal', 'store', 'acknowledge', 'look', 'answer', 'hear', 'connect'),
    }),
  },
);

interface Shipped {
  readonly series: number;
  readonly timeMs: number;
}

type Logged = { readonly order: Shipped } | { readonly frame: readonly Shipped[] };

/** From when on series are ended, by the records of a log alone. */
function endedBy(log: readonly Logged[]): ReadonlyMap<number, number> {
  const ended = new Map<number, number>();
  for (const record of log) {
    if ('order' in record) {
      const { series, timeMs } = record.order;
      ended.set(series, Math.min(timeMs, ended.get(series) ?? timeMs));
    } else {
      for (const { series, timeMs } of record.frame)
        if (timeMs >= (ended.get(series) ?? Infinity)) ended.delete(series);
    }
  }
  return ended;
}

/** An agent, the log that its frames come to, and what is on its way between them. */
class Played {
  readonly dictionary = new Dictionary(new Map([['m', metricNamed('m')]]));
  readonly journals = Array.from({ length: SERIES }, () => new SeriesJournal());
  readonly ended: EndedSeries;
  readonly log: Logged[] = [];
  #tail: Shipped[] = [];
  #frames: (readonly Shipped[])[] = [];
  #stored = 0;
  #acknowledged = 0;
  #asks = 0;
  /** What the server has said, in its order: that it has heard, and what it knew then. */
  #answers: ('heard' | readonly (readonly [number, number])[])[] = [];

  constructor() {
    for (let i = 0; i < SERIES; i++)
      this.dictionary.intern({ metric: 'm', device: `d${i}`, tags: { device: `d${i}` } });
    this.ended = new EndedSeries(this.dictionary, this.journals);
    this.#connect();
  }

  take(one: Step): void {
    switch (one.kind) {
      case 'reading':
        return this.#read(one);
      case 'order':
        this.log.push({ order: one });
        return this.#tell();
      case 'seal':
        if (this.#tail.length > 0) this.#frames.push(this.#tail);
        this.#tail = [];
        for (const journal of this.journals) journal.sealedMs = journal.lastMs;
        return;
      case 'store':
        if (this.#stored < this.#frames.length) this.log.push({ frame: this.#frames[this.#stored++]! });
        return;
      case 'acknowledge':
        this.#acknowledged = Math.min(this.#acknowledged + 1, this.#stored);
        return;
      case 'look': {
        const hasArrived = (sequence: number): boolean => this.#acknowledged >= sequence;
        if (this.ended.ask({ sequence: this.#frames.length, hasArrived })) this.#asks++;
        return;
      }
      case 'answer':
        if (this.#asks === 0) return;
        this.#asks--;
        this.#answers.push('heard');
        return this.#tell();
      case 'hear':
        return this.#hear();
      case 'connect':
        return this.#connect();
    }
  }

  get hasHeardAll(): boolean {
    return this.#answers.length === 0;
  }

  /** What is so once all is in the log that the agent has taken. */
  finally(): ReadonlyMap<number, number> {
    const left = this.#frames.slice(this.#stored).map((frame) => ({ frame }));
    return endedBy([...this.log, ...left, { frame: this.#tail }]);
  }

  #read({ series, timeMs }: Shipped): void {
    const journal = this.journals[series]!;
    if (journal.valueAt(timeMs) !== undefined) return;
    if (timeMs <= journal.sealedMs) journal.sealedMs = Math.max(journal.sealedMs, timeMs);
    journal.merge([timeMs], [0], [series], 0, 1);
    this.#tail.push({ series, timeMs });
    // What comes late is in the next frame with the tail, whatever that is.
    if (timeMs < journal.lastMs) this.take({ kind: 'seal' });
    this.ended.took({
      count: 1,
      entry: Int32Array.of(series),
      timeMs: Float64Array.of(timeMs),
      value: new Float64Array(1),
    });
  }

  #connect(): void {
    this.#asks = 0;
    this.#answers = [];
    this.ended.forget();
    this.#tell();
  }

  /** Who is told as of now isn't told any more as of before, unless it is on its way. */
  #tell(): void {
    this.#answers.push([...endedBy(this.log)]);
  }

  #hear(): void {
    const answer = this.#answers.shift();
    if (answer === 'heard') this.ended.asked();
    else if (answer !== undefined) for (const message of splitEnded(answer)) this.ended.told(message);
  }
}

describe('the series that an agent knows to be ended', () => {
  it('are ended at the server too, once that has all that the agent has taken', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const played = new Played();
        for (const one of steps) {
          played.take(one);
          // Of an order that is on its way it can't know.
          if (!played.hasHeardAll) continue;
          const known = played.finally();
          for (let series = 0; series < SERIES; series++)
            if (Number.isFinite(played.ended.fromMs(series))) expect(known.has(series)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('are all that are ended there, once it was asked of those that have spoken of later times', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const played = new Played();
        for (const one of steps) played.take(one);
        const REST = ['seal', 'store', 'acknowledge', 'hear', 'look', 'answer', 'hear', 'hear'] as const;
        for (let i = 0; i < 40 + steps.length; i++) for (const kind of REST) played.take({ kind });
        const known = Array.from({ length: SERIES }, (_, series) => Number.isFinite(played.ended.fromMs(series)));
        expect(known).toEqual(known.map((_, series) => endedBy(played.log).has(series)));
      }),
      { numRuns: 1000 },
    );
  });
});
