import { strict as assert } from 'node:assert';
import pino from 'pino';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { PendingChanges } from '#backbone/changes/pending-changes.ts';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { type BatchState, declareView, ManifestStore } from '#backbone/manifests/manifest.ts';
import { MemoryResults } from '#backbone/results/memory-results.fixtures.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns, type SignedLinks } from '#core/frames/readings.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { Metric } from '#core/metrics/metric.ts';
import type { LogRecord } from '#core/records/record.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { View } from '#core/views/view.ts';
import { ServingIndex } from './index/serving-index.ts';

/** A reading of a device in the world, with its scaled value. */
export interface WorldReading {
  readonly device: string;
  readonly atMs: number;
  readonly value: number;
  /** Of the first reading of a run: the one before it, where the device had other tags. */
  readonly anchor?: { readonly atMs: number; readonly value: number };
}

/** A gauge with three decimals, once a minute. */
export const POWER = metricNamed('power', { quantiles: true });

export const POWER_BY_REGION: View = {
  name: 'power-by-region',
  metric: 'power',
  by: ['region'],
  where: {},
  sliceMs: 60_000,
};

interface Agent {
  readonly name: string;
  readonly partition: number;
  readonly entries: SeriesEntry[];
  sequence: number;
}

/**
 * What stands behind a serving node, small and in memory: agents whose frames are folded by core/fold, a change table,
 * manifests and batch results. A device named `x@R` has the tag region = R.
 */
export class World {
  readonly results = new MemoryResults();
  readonly manifests = new ManifestStore(new MemoryKeyValue());
  readonly view: View;
  readonly metric: Metric;
  readonly changes: ChangeTable;
  /** Every reading that was delivered: what an oracle adds up. */
  readonly readings: WorldReading[] = [];
  /** From when on devices are expected, of those of which it is said. */
  readonly #since: ReadonlyMap<string, number>;
  readonly #folds: readonly PartitionFold[];
  readonly #agents = new Map<string, Agent>();
  readonly #committed: number[];
  /** Intervals that were taken back, which readings between their ends split no more. */
  readonly #takenBack = new Set<string>();
  #results = 0;

  private constructor(
    view: View,
    metric: Metric,
    partitions: number,
    since: ReadonlyMap<string, number>,
    changes: ChangeTable,
  ) {
    this.view = view;
    this.metric = metric;
    this.#since = since;
    this.changes = changes;
    this.#committed = Array.from({ length: partitions }, () => 0);
    this.#folds = this.#committed.map(() => {
      const fold = new PartitionFold();
      fold.addView(new ViewFold({ view, version: 1 }));
      return fold;
    });
  }

  static async open(
    options: {
      readonly view?: View;
      readonly metric?: Metric;
      readonly partitions?: number;
      readonly since?: ReadonlyMap<string, number>;
    } = {},
  ): Promise<World> {
    const { view = POWER_BY_REGION, metric = POWER, partitions = 2, since = new Map<string, number>() } = options;
    const table = new MemoryTable();
    const world = new World(view, metric, partitions, since, await ChangeTable.open(table));
    await world.manifests.change(view.name, (manifest) => declareView(manifest, view, partitions));
    return world;
  }

  /** An agent's readings as one frame, folded and committed. `watermarkMs` goes with it. */
  async deliver(agent: string, readings: readonly WorldReading[], watermarkMs: number | null = null): Promise<void> {
    this.fold(agent, readings, watermarkMs);
    await this.commit();
  }

  /** Folds a frame without committing it yet. */
  fold(agent: string, readings: readonly WorldReading[], watermarkMs: number | null = null): void {
    const sender = this.#agentOf(agent);
    this.#giveBirth(sender, readings);
    this.readings.push(...readings);
    const frame = encodeReadings(this.#meta(sender, watermarkMs), runsOf(sender, readings));
    this.#append(sender.partition, { kind: 'frame', agent, atMs: 0, verdict: { kind: 'accepted' }, frame });
  }

  /**
   * Readings of devices that the agent alone reads, linked to their neighbours as agents do: each is a run of its own, and
   * splits the interval that it falls into. The frame is folded and committed.
   */
  async deliverLinked(agent: string, readings: readonly WorldReading[], watermarkMs: number | null): Promise<void> {
    const sender = this.#agentOf(agent);
    this.#giveBirth(sender, readings);
    const anchored: WorldReading[] = [];
    const links: Link[] = [];
    for (const one of readings) {
      const own = this.readings.filter(({ device }) => device === one.device).toSorted((a, b) => a.atMs - b.atMs);
      const before = own.findLast(({ atMs }) => atMs < one.atMs);
      const after = own.find(({ atMs }) => atMs > one.atMs);
      anchored.push(before === undefined ? one : { ...one, anchor: before });
      if (after !== undefined) {
        if (before !== undefined && !this.#takenBack.has(nameOfLink(before, after)))
          links.push({ device: one.device, sign: -1, from: before, to: after });
        links.push({ device: one.device, sign: 1, from: one, to: after });
      }
      this.readings.push(one);
    }
    const runs = anchored.map((one) => runsOf(sender, [one]));
    const frame = encodeReadings(this.#meta(sender, watermarkMs), { ...joined(runs), links: linksOf(sender, links) });
    this.#append(sender.partition, { kind: 'frame', agent, atMs: 0, verdict: { kind: 'accepted' }, frame });
    await this.commit();
  }

  /**
   * Takes the interval that ends with the n-th reading of a device back, as an agent does by which it is too long now; nothing where
   * there is none.
   */
  async takeBack(agent: string, device: string, n: number): Promise<void> {
    const own = this.readings.filter((one) => one.device === device).toSorted((a, b) => a.atMs - b.atMs);
    const [from, to] = [own[n - 1], own[n]];
    if (from === undefined || to === undefined || this.#takenBack.has(nameOfLink(from, to))) return;
    this.#takenBack.add(nameOfLink(from, to));
    const sender = this.#agentOf(agent);
    const links = linksOf(sender, [{ device, sign: -1, from, to }]);
    const frame = encodeReadings(this.#meta(sender, null), { ...joined([]), links });
    this.#append(sender.partition, { kind: 'frame', agent, atMs: 0, verdict: { kind: 'accepted' }, frame });
    await this.commit();
  }

  /** Loses a frame on its way: its number is missing from now on. */
  lose(agent: string): void {
    this.#agentOf(agent).sequence++;
  }

  async heartbeat(agent: string, watermarkMs: number): Promise<void> {
    const sender = this.#agentOf(agent);
    const heartbeat = { incarnation: 1, highestSequence: sender.sequence, watermarkMs, closed: false };
    this.#append(sender.partition, { kind: 'heartbeat', agent, atMs: 0, heartbeat });
    await this.commit();
  }

  /** Decides that nothing more is expected of an agent. */
  async retire(agent: string): Promise<void> {
    const { partition } = this.#agentOf(agent);
    this.#append(partition, { kind: 'order', agent, atMs: 0, order: { kind: 'retire' } });
    await this.commit();
  }

  /** Decides that nothing more is expected of a device that the agent reads. */
  async endSeries(agent: string, device: string, fromMs: number): Promise<void> {
    const { partition } = this.#agentOf(agent);
    const tags = { device, region: device.split('@')[1] ?? '' };
    const order = { kind: 'end-series', metric: this.metric.name, device, tags, fromMs } as const;
    this.#append(partition, { kind: 'order', agent, atMs: 0, order });
    await this.commit();
  }

  /** Lets go of all slices in memory, so that what comes next opens new parts. */
  evict(): void {
    for (const { views } of this.#folds) for (const { slots } of views) slots.evict(() => false);
  }

  /** Commits what every partition has folded, one batch each. */
  async commit(): Promise<void> {
    for (const [partition, fold] of this.#folds.entries()) {
      const from = this.#committed[partition]!;
      if (fold.position === from) continue;
      const pending = new PendingChanges(partition);
      for (const view of fold.views) pending.gather(view, fold.epoch);
      this.#committed[partition] = fold.position;
      await this.changes.commit(pending.take(fold, from, fold.takeChangedAgents()), []);
    }
  }

  /** Cuts every partition, adds up what lies before as a delta, publishes it, and drops the rows that it covers. Gives the new batch state. */
  async batch(publishedAtMs: number, flagsOf?: (row: SliceRow) => number): Promise<BatchState> {
    const before = this.#folds.map(({ epoch }) => epoch);
    await this.commit();
    this.evict();
    const cut = this.#folds.map((_, partition) => {
      this.#append(partition, { kind: 'cut', id: `cut-${this.#results}`, atMs: publishedAtMs });
      return this.#folds[partition]!.position;
    });
    await this.commit();
    const name = `result-${this.#results++}`;
    const rows: SliceRow[] = [];
    for await (const row of this.changes.allRows(this.view.name, 1)) {
      if (row.epoch >= before[row.partition]! && row.epoch < cut[row.partition]!) rows.push(row);
    }
    this.results.add(name, rows, flagsOf);
    let published: BatchState | undefined;
    await this.manifests.change(this.view.name, (manifest) => {
      assert(manifest !== undefined, 'the view is declared');
      const versions = manifest.versions.map((version) => {
        const ref = {
          name,
          from: before,
          to: cut,
          readings: rows.length,
          madeAtMs: publishedAtMs,
          kind: version.batch.results.length === 0 ? ('base' as const) : ('delta' as const),
        };
        published = { results: [...version.batch.results, ref], cut, publishedAtMs };
        return { ...version, batch: published, history: [version.batch, ...version.history] };
      });
      return { ...manifest, versions };
    });
    // As the speed layer does once a result covers the rows: whoever still reads by the old manifest misses them.
    await this.changes.dropEpochs(this.view.name, 1, (partition) => cut[partition]!);
    return published!;
  }

  #append(partition: number, record: LogRecord): void {
    const fold = this.#folds[partition]!;
    fold.apply(fold.position + 1, record);
  }

  #agentOf(name: string): Agent {
    let agent = this.#agents.get(name);
    if (agent === undefined) {
      agent = { name, partition: this.#agents.size % this.#folds.length, entries: [], sequence: 0 };
      this.#agents.set(name, agent);
    }
    return agent;
  }

  #meta(agent: Agent, watermarkMs: number | null) {
    return { incarnation: 1, sequence: ++agent.sequence, dictionaryVersion: agent.entries.length, watermarkMs };
  }

  #giveBirth(agent: Agent, readings: readonly WorldReading[]): void {
    const known = new Set(agent.entries.map(({ device }) => device));
    const firstIndex = agent.entries.length;
    const { name, unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs } = this.metric;
    for (const device of new Set(readings.map((reading) => reading.device))) {
      if (known.has(device)) continue;
      const tags = { device, region: device.split('@')[1] ?? '' };
      agent.entries.push({
        metric: name,
        unit,
        decimals,
        kind,
        intervalMs,
        rollover: rolloverScaled,
        quantiles,
        paneMs,
        ...(this.#since.has(device) ? { sinceMs: this.#since.get(device)! } : {}),
        device,
        tags,
      });
    }
    if (agent.entries.length === firstIndex) return;
    const frame = encodeBirth(this.#meta(agent, null), {
      firstIndex,
      entries: agent.entries.slice(firstIndex),
      previous: null,
    });
    this.#append(agent.partition, { kind: 'frame', agent: agent.name, atMs: 0, verdict: { kind: 'accepted' }, frame });
  }
}

/** An interval between two readings of a device that a frame adds or takes back. */
interface Link {
  readonly device: string;
  readonly sign: 1 | -1;
  readonly from: WorldReading;
  readonly to: WorldReading;
}

function nameOfLink(from: WorldReading, to: WorldReading): string {
  return `${from.device} ${from.atMs} ${to.atMs}`;
}

function linksOf(agent: Agent, links: readonly Link[]): SignedLinks {
  return {
    count: links.length,
    entry: Int32Array.from(links, ({ device }) => agent.entries.findIndex((entry) => entry.device === device)),
    sign: Int8Array.from(links, ({ sign }) => sign),
    fromMs: Float64Array.from(links, ({ from }) => from.atMs),
    fromValue: Float64Array.from(links, ({ from }) => from.value),
    toMs: Float64Array.from(links, ({ to }) => to.atMs),
    toValue: Float64Array.from(links, ({ to }) => to.value),
  };
}

/** Runs one after the other, without their links. */
function joined(all: readonly ReadingsRuns[]): ReadingsRuns {
  return {
    runCount: all.reduce((sum, { runCount }) => sum + runCount, 0),
    entry: Int32Array.from(all.flatMap(({ entry }) => [...entry])),
    length: Int32Array.from(all.flatMap(({ length }) => [...length])),
    anchored: Uint8Array.from(all.flatMap(({ anchored }) => [...anchored])),
    anchorTimeMs: Float64Array.from(all.flatMap(({ anchorTimeMs }) => [...anchorTimeMs])),
    anchorValue: Float64Array.from(all.flatMap(({ anchorValue }) => [...anchorValue])),
    unchecked: Uint8Array.from(all.flatMap(({ unchecked }) => [...unchecked])),
    timeMs: Float64Array.from(all.flatMap(({ timeMs }) => [...timeMs])),
    value: Float64Array.from(all.flatMap(({ value }) => [...value])),
    links: NO_LINKS,
  };
}

/** One run per device, its readings in the order of time. */
function runsOf(agent: Agent, readings: readonly WorldReading[]): ReadingsRuns {
  const byDevice = new Map<string, WorldReading[]>();
  for (const reading of readings) {
    const some = byDevice.get(reading.device);
    if (some === undefined) byDevice.set(reading.device, [reading]);
    else some.push(reading);
  }
  const runs = [...byDevice].map(([device, ofDevice]) => ({
    entry: agent.entries.findIndex((entry) => entry.device === device),
    sorted: ofDevice.toSorted((a, b) => a.atMs - b.atMs),
  }));
  const all = runs.flatMap(({ sorted }) => sorted);
  return {
    runCount: runs.length,
    entry: Int32Array.from(runs, ({ entry }) => entry),
    length: Int32Array.from(runs, ({ sorted }) => sorted.length),
    anchored: Uint8Array.from(runs, ({ sorted }) => (sorted[0]!.anchor === undefined ? 0 : 1)),
    anchorTimeMs: Float64Array.from(runs, ({ sorted }) => sorted[0]!.anchor?.atMs ?? 0),
    anchorValue: Float64Array.from(runs, ({ sorted }) => sorted[0]!.anchor?.value ?? 0),
    unchecked: new Uint8Array(runs.length),
    timeMs: Float64Array.from(all, ({ atMs }) => atMs),
    value: Float64Array.from(all, ({ value }) => value),
    links: NO_LINKS,
  };
}

/** An index that follows the world, with room for `bytesMax` bytes of pages. */
export function openIndexOf(world: World, bytesMax?: number): Promise<ServingIndex> {
  return ServingIndex.open({
    feed: world.changes,
    manifests: world.manifests,
    results: world.results,
    views: [world.view],
    logger: pino({ level: 'silent' }),
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
}
