import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAmend } from '../frames/amend-frame.ts';
import { encodeReadings } from '../frames/encode-readings.ts';
import { readHeader } from '../frames/header.ts';
import { encodePanes } from '../frames/panes-codec.ts';
import { NO_LINKS, type SignedLinks } from '../frames/readings.ts';
import { METRIC_KINDS, type MetricKind } from '../metrics/metric.ts';
import { type SeriesEntry, SeriesKeys } from '../series/series.ts';
import { accountedBySlice } from '../stats/accounted.oracle.ts';
import { linkRuleOf } from '../stats/link.ts';
import { copySelective } from '../stats/merge.ts';
import { type Contribution, linksOf, type Reading, statsOf } from '../stats/stats.oracle.ts';
import { readStats, type Stats } from '../stats/stats.ts';
import type { View } from '../views/view.ts';
import { AgentFold } from './agent-fold.ts';
import { FrameFolder } from './fold-frame.ts';
import { SelectionRefold } from './selection-refold.ts';
import { ViewFold } from './view-fold.ts';

const PANE_MS = 1000;
const ROLLOVER = 50;
const OTHER_METRIC = 2;

/** Kind of the series, width of the view's slices, and the reading times and values of each series. */
interface Case {
  readonly kind: MetricKind;
  readonly quantiles: boolean;
  readonly sliceMs: number;
  /** Below, at and beyond the slice. */
  readonly intervalMs: number;
  readonly series: readonly (readonly Reading[])[];
  /** Readings of each series in a run, before the next frame begins. */
  readonly runLength: number;
  readonly sendAs: 'readings' | 'panes';
  readonly amends: readonly { readonly series: number; readonly nth: number; readonly value: number }[];
}

/** Steps of one size mostly, so that there are regular runs, and gaps longer than a value is held. */
const readings = fc
  .array(fc.record({ step: fc.constantFrom(250, 250, 250, 250, 1, 700, 4000), value: fc.nat(ROLLOVER) }), {
    maxLength: 40,
  })
  .map((steps): Reading[] => {
    let ms = -3000;
    return steps.map(({ step, value }) => ({ ms: (ms += step), value }));
  });

const cases: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom(...METRIC_KINDS),
  quantiles: fc.boolean(),
  sliceMs: fc.constantFrom(PANE_MS, 2 * PANE_MS, 5 * PANE_MS),
  intervalMs: fc.constantFrom(500, 500, 250, 167, 1000, 2700),
  series: fc.array(readings, { minLength: 1, maxLength: 3 }),
  runLength: fc.integer({ min: 1, max: 20 }),
  sendAs: fc.constantFrom('readings' as const, 'panes' as const),
  amends: fc.array(fc.record({ series: fc.nat(2), nth: fc.nat(39), value: fc.nat(ROLLOVER) }), { maxLength: 4 }),
});

function entryOf({ kind, quantiles, intervalMs }: Case, series: number): SeriesEntry {
  const device = `d${series}`;
  return {
    // The last series is of another metric, which the view does not ask for.
    metric: series === OTHER_METRIC ? 'other' : 'm',
    unit: '',
    decimals: 0,
    kind,
    intervalMs,
    rollover: kind === 'counter' ? ROLLOVER : null,
    quantiles,
    paneMs: PANE_MS,
    device,
    tags: { device, room: `r${series % 2}` },
  };
}

/** Encodes one agent's frames and remembers what counts. */
class Sender {
  readonly frames: Uint8Array[] = [];
  /** The readings of each series, as amended. */
  readonly series: Reading[][];
  readonly #case: Case;
  #revision = 0;

  constructor(told: Case) {
    this.#case = told;
    this.series = told.series.map((all) => [...all]);
    for (const [entry, all] of this.series.entries()) {
      if (told.sendAs === 'panes') this.#sendPanes(entry, all);
      else for (let from = 0; from < all.length; from += told.runLength) this.#sendRun(entry, all, from);
    }
    for (const { series, nth, value } of told.amends) this.#amend(series, nth, value);
  }

  #meta() {
    const dictionaryVersion = this.#case.series.length;
    return { incarnation: 1, sequence: this.frames.length + 1, dictionaryVersion, watermarkMs: null };
  }

  #sendRun(entry: number, all: readonly Reading[], from: number): void {
    const run = all.slice(from, from + this.#case.runLength);
    const before = all[from - 1];
    const columns = {
      runCount: 1,
      entry: Int32Array.of(entry),
      length: Int32Array.of(run.length),
      anchored: Uint8Array.of(before === undefined ? 0 : 1),
      anchorTimeMs: Float64Array.of(before?.ms ?? 0),
      anchorValue: Float64Array.of(before?.value ?? 0),
      // Every other run says that it was not looked up.
      unchecked: Uint8Array.of(this.#isUnchecked(from) ? 1 : 0),
      timeMs: Float64Array.from(run, ({ ms }) => ms),
      value: Float64Array.from(run, ({ value }) => value),
      links: NO_LINKS,
    };
    this.frames.push(encodeReadings(this.#meta(), columns));
  }

  #isUnchecked(at: number): boolean {
    return this.#case.sendAs === 'readings' && Math.floor(at / this.#case.runLength) % 2 === 1;
  }

  #sendPanes(entry: number, all: readonly Reading[]): void {
    const panes = [...Map.groupBy(all, ({ ms }) => Math.floor(ms / PANE_MS))].map(([pane, held]) => {
      const links = linksOf(held, ruleOf(this.#case), PANE_MS).get(pane);
      const times = held.map(({ ms }) => ms);
      return {
        startMs: pane * PANE_MS,
        accountedMs: accountedWithin(times, this.#case.intervalMs),
        stats: statsOf(held, this.#case.quantiles, links),
        before: all[all.indexOf(held[0]!) - 1],
      };
    });
    if (panes.length === 0) return;
    const column = (of: (pane: (typeof panes)[number]) => number): Float64Array => Float64Array.from(panes, of);
    this.frames.push(
      encodePanes(this.#meta(), {
        count: panes.length,
        entry: new Int32Array(panes.length).fill(entry),
        startMs: column(({ startMs }) => startMs),
        spanMs: column(() => PANE_MS),
        readings: column(({ stats }) => stats.count),
        sum: panes.map(({ stats }) => stats.sum),
        squares: panes.map(({ stats }) => stats.squares),
        min: column(({ stats }) => stats.min!),
        max: column(({ stats }) => stats.max!),
        firstMs: column(({ stats }) => stats.first!.ms),
        firstValue: column(({ stats }) => stats.first!.value),
        lastMs: column(({ stats }) => stats.last!.ms),
        lastValue: column(({ stats }) => stats.last!.value),
        increase: panes.map(({ stats }) => stats.increase),
        integral: panes.map(({ stats }) => stats.integral),
        coveredMs: column(({ stats }) => Number(stats.coveredMs)),
        unchecked: column(() => 0),
        anchored: Uint8Array.from(panes, ({ before }) => (before === undefined ? 0 : 1)),
        anchorTimeMs: column(({ before }) => before?.ms ?? 0),
        anchorValue: column(({ before }) => before?.value ?? 0),
        histogram: panes.map(({ stats }) =>
          stats.histogram === null
            ? null
            : {
                buckets: Int32Array.from(stats.histogram, ([bucket]) => bucket),
                counts: Float64Array.from(stats.histogram, ([, count]) => count),
              },
        ),
        accountedMs: column(({ accountedMs }) => accountedMs),
        links: NO_LINKS,
      }),
    );
  }

  #amend(entry: number, nth: number, value: number): void {
    const all = this.series[entry] ?? [];
    const old = all[nth];
    if (old === undefined) return;
    const [before, after] = [all[nth - 1], all[nth + 1]];
    const reading = { ms: old.ms, value };
    all[nth] = reading;
    const links = [
      ...(before === undefined ? [] : [[-1, before, old] as const, [1, before, reading] as const]),
      ...(after === undefined ? [] : [[-1, old, after] as const, [1, reading, after] as const]),
    ];
    const startMs = Math.floor(old.ms / PANE_MS) * PANE_MS;
    const pane = statsOf(
      all.filter(({ ms }) => ms >= startMs && ms < startMs + PANE_MS),
      false,
    );
    const one = (figure: number): Float64Array => Float64Array.of(figure);
    this.frames.push(
      encodeAmend(this.#meta(), {
        count: 1,
        entry: Int32Array.of(entry),
        timeMs: one(old.ms),
        oldValue: one(old.value),
        newValue: one(value),
        paneStartMs: one(startMs),
        paneMs: one(PANE_MS),
        revision: one(++this.#revision),
        minAfter: one(pane.min!),
        maxAfter: one(pane.max!),
        firstMsAfter: one(pane.first!.ms),
        firstValueAfter: one(pane.first!.value),
        lastMsAfter: one(pane.last!.ms),
        lastValueAfter: one(pane.last!.value),
        links: linkColumns(entry, links),
      }),
    );
  }

  /** The time of the first reading of each series that the view asks for. */
  members(): Map<string, number> {
    const asked = [...this.series.entries()].filter(([series, all]) => series !== OTHER_METRIC && all.length > 0);
    return new Map(asked.map(([series, all]) => [new SeriesKeys().keyOf(entryOf(this.#case, series)), all[0]!.ms]));
  }

  /** The stats of every slice that something counts in, from the readings as they are now. */
  truth(groupOf: (series: number) => string): Map<string, Stats> {
    const { sliceMs, intervalMs, quantiles, runLength } = this.#case;
    const slices = new Map<string, { readings: Reading[]; links: Contribution; unchecked: number }>();
    const at = (series: number, slice: number) => {
      const key = `${groupOf(series)} ${slice}`;
      const found = slices.get(key) ?? {
        readings: [],
        links: { increase: 0n, integral: 0n, coveredMs: 0n, accountedMs: 0n },
        unchecked: 0,
      };
      slices.set(key, found);
      return found;
    };
    for (const [series, all] of this.series.entries()) {
      if (series === OTHER_METRIC) continue;
      for (const [i, reading] of all.entries()) {
        const slice = at(series, Math.floor(reading.ms / sliceMs));
        slice.readings.push(reading);
        if (this.#isUnchecked(i - (i % runLength))) slice.unchecked++;
      }
      for (const [slice, added] of linksOf(all, ruleOf(this.#case), sliceMs)) {
        const { links } = at(series, slice);
        links.increase += added.increase;
        links.integral += added.integral;
        links.coveredMs += added.coveredMs;
      }
      const times = all.map(({ ms }) => ms);
      for (const [slice, accountedMs] of accountedBySlice(times, intervalMs, sliceMs))
        at(series, slice).links.accountedMs! += accountedMs;
    }
    return told(
      [...slices].map(([key, { readings: held, links, unchecked }]) => [
        key,
        { ...statsOf(held, quantiles, links), unchecked },
      ]),
    );
  }
}

/** What readings account for up to the last of them, in ms. */
function accountedWithin(times: readonly number[], intervalMs: number): number {
  const all = [...accountedBySlice(times, intervalMs, 1_000_000_000).values()].reduce((sum, ms) => sum + ms, 0n);
  return Number(all) - intervalMs;
}

function ruleOf(told: Case) {
  const { rollover, ...entry } = entryOf(told, 0);
  return linkRuleOf({ ...entry, rolloverScaled: rollover });
}

function linkColumns(
  entry: number,
  links: readonly (readonly [sign: number, from: Reading, to: Reading])[],
): SignedLinks {
  return {
    count: links.length,
    entry: new Int32Array(links.length).fill(entry),
    sign: Int8Array.from(links, ([sign]) => sign),
    fromMs: Float64Array.from(links, ([, from]) => from.ms),
    fromValue: Float64Array.from(links, ([, from]) => from.value),
    toMs: Float64Array.from(links, ([, , to]) => to.ms),
    toValue: Float64Array.from(links, ([, , to]) => to.value),
  };
}

/** Which series the groups have, and since when. */
function membersOf(fold: ViewFold): Map<string, number> {
  const members = new Map<string, number>();
  // A member is told again when an earlier reading of it comes.
  for (const { member } of fold.takeChangedMembers()) members.set(member.series, member.firstMs);
  return members;
}

/** The slices that say something, in one order. */
function told(slices: readonly (readonly [string, Stats])[]): Map<string, Stats> {
  return new Map(
    slices
      .filter(([, { count, increase, integral, coveredMs, accountedMs }]) =>
        [BigInt(count), increase, integral, coveredMs, accountedMs].some((part) => part !== 0n),
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function foldAll(sender: Sender, agent: AgentFold, view: View): Map<string, Stats> {
  const fold = new ViewFold({ view, version: 1 });
  const folder = new FrameFolder();
  const frames = sender.frames.map((frame) => {
    const header = readHeader(frame);
    assert(header.kind !== 'fault', 'frames are sound');
    return { agent, life: 0, header, frame };
  });
  for (const [i, { frame, header }] of frames.entries()) {
    const counted = folder.fold(frame, header, agent, [fold], i + 1);
    expect(counted).toBe(header.kind === 'amend' ? 0 : header.count);
  }
  expect(membersOf(fold)).toEqual(sender.members());
  const { slots } = fold;
  const refold = new SelectionRefold(fold.id, slots.pending);
  for (const frame of frames) refold.survey(frame);
  for (const frame of frames.toReversed()) refold.fold(frame);
  refold.finish();
  for (const name of slots.pending) {
    const slot = slots.slotOf(slots.groups.get(name.group)!, name.slice)!;
    copySelective(slots.table, slot, refold.table, refold.slotOf(name)!);
  }
  return told(
    [...slots.all()].map((slot) => [`${slots.groupAt(slot).key} ${slots.sliceAt(slot)}`, readStats(slots.table, slot)]),
  );
}

describe('folding frames', () => {
  it('gives the stats of the set of readings, however they were cut, sent and amended', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const sender = new Sender(one);
        const agent = new AgentFold(
          'a',
          one.series.map((_, series) => entryOf(one, series)),
        );
        const view: View = { name: 'v', metric: 'm', by: ['room'], where: {}, sliceMs: one.sliceMs };
        expect(foldAll(sender, agent, view)).toEqual(sender.truth((series) => `["r${series % 2}"]`));
      }),
      { numRuns: 500 },
    );
  });

  it('folds nothing of a frame whose body is not what its header says, and names the fault', () => {
    for (const sendAs of ['readings', 'panes'] as const) {
      const series = [[{ ms: 0, value: 5 }]];
      const amends = [{ series: 0, nth: 0, value: 6 }];
      const form = { kind: 'gauge', quantiles: false, sliceMs: 5000, intervalMs: 500 } as const;
      const one: Case = { ...form, series, runLength: 1, sendAs, amends };
      const agent = new AgentFold('a', [entryOf(one, 0)]);
      const fold = new ViewFold({ view: { name: 'v', metric: 'm', by: [], where: {}, sliceMs: 5000 }, version: 1 });
      for (const frame of new Sender(one).frames) {
        const header = readHeader(frame);
        assert(header.kind !== 'fault', 'frames are sound');
        const lying = { ...header, count: header.count + 1 };
        expect(new FrameFolder().fold(frame, lying, agent, [fold], 1)).toMatchObject({ kind: 'fault' });
      }
      expect(fold.slots.open).toBe(0);
    }
  });

  it('folds a run that is longer than a chunk, regular or not', () => {
    for (const jitter of [0, 1]) {
      const all = Array.from({ length: 2500 }, (_, i) => ({ ms: i * 250 + jitter * (i % 3), value: (i * 7) % 50 }));
      const one: Case = {
        kind: 'gauge',
        quantiles: false,
        sliceMs: 5000,
        intervalMs: 250,
        series: [all],
        runLength: 2500,
        sendAs: 'readings',
        amends: [],
      };
      const agent = new AgentFold('a', [entryOf(one, 0)]);
      const view: View = { name: 'v', metric: 'm', by: [], where: {}, sliceMs: one.sliceMs };
      const sender = new Sender(one);
      expect(foldAll(sender, agent, view)).toEqual(sender.truth(() => '[]'));
    }
  });
});
