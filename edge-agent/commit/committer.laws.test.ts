import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringKey } from '#backbone/keys/order.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { Table } from '#backbone/table/table.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { SelectionRefold } from '#core/fold/selection-refold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import { type Metric, METRIC_KINDS, type MetricKind, type SendPolicy, UNBOUNDED } from '#core/metrics/metric.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { accountedByReading } from '#core/stats/accounted.oracle.ts';
import { linkRuleOf } from '#core/stats/link.ts';
import { copySelective } from '#core/stats/merge.ts';
import { type Contribution, linksOf, type Reading, statsOf } from '#core/stats/stats.oracle.ts';
import { readStats, type Stats } from '#core/stats/stats.ts';
import type { SealExtent } from '../seal/frame-pace.ts';
import type { ReadingBatch } from '../sources/source.ts';
import { Spool } from '../spool/spool.ts';
import { Committer } from './committer.ts';

const SLICE_MS = 40_000;
const PANE_MS = 20_000;
const INTERVAL_MS = 1000;

interface Row {
  readonly device: string;
  /** A tag: the same device in another room is another series. */
  readonly room: string;
  readonly timeMs: number;
  readonly value: number;
}

type Part = Omit<Row, 'value'>;

/** What happens to an agent: a batch arrives, or it is killed and started again. */
type Event =
  | {
      readonly kind: 'batch';
      readonly rows: readonly Row[];
      readonly breaks: readonly Part[];
      readonly extent: SealExtent;
    }
  | { readonly kind: 'killed' };

/** Few devices, times and values, so that repeats, amends, late readings and ties abound. */
const row: fc.Arbitrary<Row> = fc.record({
  device: fc.constantFrom('a', 'b'),
  room: fc.constantFrom('x', 'x', 'x', 'y'),
  timeMs: fc.integer({ min: -3, max: 60 }).map((n) => n * 700),
  value: fc.integer({ min: -5, max: 20 }),
});

/** Readings of one series one behind the other: enough for panes that are sent as their stats. */
const stretch: fc.Arbitrary<readonly Row[]> = fc.tuple(row, fc.integer({ min: 12, max: 40 })).map(([first, count]) =>
  Array.from({ length: count }, (_, i) => ({
    ...first,
    timeMs: first.timeMs + 700 * i,
    value: first.value + (i % 7),
  })),
);

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      rows: fc
        .tuple(fc.array(row, { maxLength: 25 }), fc.option(stretch, { freq: 2 }))
        .map(([rows, more]) => [...rows, ...(more ?? [])]),
      breaks: fc.array(row, { maxLength: 3 }),
      extent: fc.constantFrom<SealExtent>('complete', 'everything', 'nothing'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'killed' as const }) },
);

let dir: string;
let count = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-agent-'));
});

afterAll(async () => {
  await rm(dir, { recursive: true });
});

function metric(kind: MetricKind, send: SendPolicy): Metric {
  const numbers = {
    decimals: 0,
    intervalMs: INTERVAL_MS,
    rolloverScaled: kind === 'counter' ? 20 : null,
    paneMs: PANE_MS,
  };
  return {
    name: 'm',
    unit: 'x',
    kind,
    ...numbers,
    quantiles: true,
    send,
    excess: 'round',
    conflict: 'last',
    repeatHorizonMs: 1e9,
    ...UNBOUNDED,
  };
}

/** Runs the events through an agent and gives the frames that it spooled, in order. */
async function framesOf(
  events: readonly Event[],
  declared: Metric,
): Promise<{ frames: Uint8Array[]; agent: Committer }> {
  await using table = await openEmbeddedTable({ dir: join(dir, String(count++)) });
  let agent = await start(table, declared);
  for (const one of events) {
    if (one.kind === 'killed') agent = await start(table, declared);
    else await agent.offer('s', batchOf(one.rows, one.breaks, agent), one.extent);
  }
  await agent.close();
  const spool = await Spool.open(table, { bytesMax: 1e9, prefix: stringKey('spool') });
  const frames: Uint8Array[] = [];
  for (let item = await spool.next(0); item !== undefined; item = await spool.next(item.place)) frames.push(item.bytes);
  return { frames, agent };
}

async function start(table: Table, declared: Metric): Promise<Committer> {
  const spool = await Spool.open(table, { bytesMax: 1e9, prefix: stringKey('spool') });
  return Committer.open({ id: 'agent', table, spool, metrics: new Map([['m', declared]]), nowMs: Date.now });
}

function batchOf(rows: readonly Row[], breaks: readonly Part[], agent: Committer): ReadingBatch {
  const entryOf = ({ device, room }: Part): number =>
    Number(agent.dictionary.intern({ metric: 'm', device, tags: { device, room } }));
  const readings = rows.length;
  return {
    count: rows.length,
    entry: Int32Array.from(rows, entryOf),
    timeMs: Float64Array.from(rows, (one) => one.timeMs),
    value: Float64Array.from(rows, (one) => one.value),
    breaks: breaks.map((one) => ({ entry: entryOf(one), atMs: one.timeMs })),
    refusals: [],
    tallies: { rows: readings, readings, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 },
    checkpoint: {},
    watermarkMs: null,
  };
}

/** The stats of every slice of every device, folded from frames; slices that wait for a refold get one. */
function foldFrames(frames: readonly Uint8Array[]): Map<string, Stats> {
  const fold = new PartitionFold();
  const version = {
    view: { name: 'v', metric: 'm', by: ['device', 'room'], where: {}, sliceMs: SLICE_MS },
    version: 1,
  };
  const view = new ViewFold(version);
  fold.addView(view);
  for (const [i, frame] of frames.entries()) {
    fold.apply(i + 1, { kind: 'frame', agent: 'agent', atMs: 0, verdict: { kind: 'accepted' }, frame });
  }
  expect(fold.counters).toMatchObject({ faultyFrames: 0, repeatedFrames: 0, forks: 0 });
  const { slots } = view;
  const names = [...slots.all()].map((slot) => ({ slot, group: slots.groupAt(slot).key, slice: slots.sliceAt(slot) }));
  const pending = names.filter(({ slot }) => (slots.flagsAt(slot) & PENDING) !== 0);
  const refold = new SelectionRefold(version, pending);
  const agent = fold.admission.agentNamed('agent')?.fold;
  for (const pass of ['survey', 'fold'] as const) {
    for (const frame of frames) {
      const header = readHeader(frame);
      if (agent !== undefined && header.kind !== 'fault') refold[pass]({ agent, life: 0, header, frame });
    }
  }
  refold.finish();
  for (const name of pending) copySelective(slots.table, name.slot, refold.table, refold.slotOf(name)!);
  const stats = names.map(({ slot, group, slice }) => [`${group}/${slice}`, readStats(slots.table, slot)] as const);
  return new Map(stats.filter(([, one]) => saysSomething(one)));
}

function saysSomething({ count, coveredMs, integral, accountedMs }: Stats): boolean {
  return count > 0 || coveredMs !== 0n || integral !== 0n || accountedMs !== 0n;
}

/**
 * The same by the slow way: the last value per (series, time), neighbours by sorting, a link by its later reading. Of a
 * gauge, a reading with a break behind it has a link to that, as to a reading which is none.
 */
function oracle(events: readonly Event[], declared: Metric): Map<string, Stats> {
  const rule = linkRuleOf(declared);
  const series = new Map<string, Map<number, Row>>();
  const breaks = new Map<string, Set<number>>();
  for (const one of events) {
    if (one.kind !== 'batch') continue;
    for (const offered of one.rows) {
      const key = JSON.stringify([offered.device, offered.room]);
      const known = series.get(key) ?? new Map<number, Row>();
      series.set(key, known);
      known.set(offered.timeMs, offered);
    }
    for (const { device, room, timeMs } of declared.kind === 'gauge' ? one.breaks : []) {
      const key = JSON.stringify([device, room]);
      breaks.set(key, (breaks.get(key) ?? new Set()).add(timeMs));
    }
  }
  const readings = new Map<string, Reading[]>();
  const links = new Map<string, Contribution>();
  const keyOf = ({ device, room }: Row, slice: number): string => `${JSON.stringify([device, room])}/${slice}`;
  for (const [name, known] of series) {
    const parted = [...(breaks.get(name) ?? [])].toSorted((a, b) => a - b);
    const rows = [...known.values()].toSorted((a, b) => a.timeMs - b.timeMs);
    for (const [i, later] of rows.entries()) {
      const key = keyOf(later, Math.floor(later.timeMs / SLICE_MS));
      readings.set(key, [...(readings.get(key) ?? []), { ms: later.timeMs, value: later.value }]);
      const earlier = rows[i - 1];
      const isParted = earlier !== undefined && parted.some((ms) => earlier.timeMs < ms && ms <= later.timeMs);
      const before = isParted ? undefined : earlier;
      const addLink = (from: Row, ms: number, value: number): void => {
        const pair = [
          { ms: from.timeMs, value: from.value },
          { ms, value },
        ];
        for (const [slice, link] of linksOf(pair, rule, SLICE_MS)) addContribution(links, keyOf(later, slice), link);
      };
      const addAccounted = (beforeMs: number | undefined, atMs: number, sign: 1n | -1n): void => {
        for (const [slice, ms] of accountedByReading(beforeMs, atMs, INTERVAL_MS, SLICE_MS)) {
          const accountedMs = sign * ms;
          addContribution(links, keyOf(later, slice), { increase: 0n, integral: 0n, coveredMs: 0n, accountedMs });
        }
      };
      if (before !== undefined) addLink(before, later.timeMs, later.value);
      addAccounted(before?.timeMs, later.timeMs, 1n);
      const nextMs = rows[i + 1]?.timeMs ?? Number.POSITIVE_INFINITY;
      const end = parted.find((ms) => later.timeMs < ms && ms <= nextMs);
      if (end === undefined) continue;
      addLink(later, end, later.value);
      addAccounted(later.timeMs, end, 1n);
      addAccounted(undefined, end, -1n);
    }
  }
  const keys = new Set([...readings.keys(), ...links.keys()]);
  const stats = [...keys].map((key) => [key, statsOf(readings.get(key) ?? [], true, links.get(key))] as const);
  return new Map(stats.filter(([, one]) => saysSomething(one)));
}

function addContribution(links: Map<string, Contribution>, key: string, more: Contribution): void {
  const sum = links.get(key) ?? { increase: 0n, integral: 0n, coveredMs: 0n, accountedMs: 0n };
  sum.increase += more.increase;
  sum.integral += more.integral;
  sum.coveredMs += more.coveredMs;
  sum.accountedMs! += more.accountedMs ?? 0n;
  links.set(key, sum);
}

function sorted(stats: Map<string, Stats>): [string, Stats][] {
  return [...stats].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

describe('the frames of an agent', () => {
  for (const kind of METRIC_KINDS) {
    for (const send of ['readings', 'panes'] as const) {
      it(
        `fold to the set of readings, whatever is delivered in whatever pieces, of a ${kind} sent as ${send}`,
        { timeout: 60_000 },
        async () => {
          const declared = metric(kind, send);
          await fc.assert(
            fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 8 }), async (events) => {
              const { frames, agent } = await framesOf(events, declared);
              expect(sorted(foldFrames(frames))).toEqual(sorted(oracle(events, declared)));
              const { readings, counted, repeats, amended, missing, quarantined } = agent.totals;
              const offered = events.reduce((sum, one) => sum + (one.kind === 'batch' ? one.rows.length : 0), 0);
              expect(counted + repeats + amended + missing + quarantined).toBe(offered);
              expect(readings).toBe(offered);
            }),
            { numRuns: 120 },
          );
        },
      );
    }
  }
});
