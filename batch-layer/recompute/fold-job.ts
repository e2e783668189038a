import { OpenBlock } from '#backbone/results/open-block.ts';
import { BAND_SLICES, bandOf } from '#backbone/results/results.ts';
import { AgentFold } from '#core/fold/agent-fold.ts';
import { FrameFolder } from '#core/fold/fold-frame.ts';
import type { Group } from '#core/fold/open-span.ts';
import type { SliceSlots } from '#core/fold/slice-slots.ts';
import { ViewFold, type ViewVersion } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { PENDING } from '#core/slices/merge-rows.ts';
import { type SliceName, SPAN_SLICES } from '#core/slices/slice-span.ts';
import type { LimbsUsed } from '#core/stats/stats-table.ts';
import type { FrameColumns } from './frame-list.ts';
import { FrameSource } from './frame-source.ts';
import { type GroupRange, inRange, isAll } from './group-range.ts';
import { RunWriter, type SortedRun } from './run-file.ts';

/**
 * Slots of slices that a job holds in memory, over all views: some 130 bytes each where readings are of gauges, 250 at most.
 * Beyond it they are written as a sorted run and let go, all but what is filled still: what a log tells in the order of time has each band in one
 * run, as far as a band of all groups fits. The merge adds up what several runs say of one slice.
 */
export const JOB_SLICES_MAX = 400_000;

/** Of these the newest band may hold so much before it is written like the others. */
const NEWEST_BAND_SHARE = 3 / 4;

/**
 * How far behind the newest slice a band has to be to be written: an agent tells of one group after the other, each up to where it
 * has read, so the band before the newest may be filled still. Where that leaves too much, less is kept, and in the end nothing.
 */
const KEPT_BEHIND = [BAND_SLICES / 2, 0, undefined] as const;

/**
 * Room for the slots that the frame opens with which a job comes to hold too many: a table that has no more than a job may hold grows
 * just before it is written, and copies all of it.
 */
const ROOM_SHARE = 4 / 3;

/** Bytes of frames for each slice that may come of them, about: a reading alone in its slice takes one or two, and many aren't alone. */
const BYTES_PER_SLICE = 8;

/** Frames of one partition to be folded into some views: plain data, for any process. */
export interface FoldJob {
  readonly partition: number;
  readonly views: readonly ViewVersion[];
  /** Per view: the groups that it folds. */
  readonly groups: readonly GroupRange[];
  readonly agents: readonly { readonly agent: string; readonly entries: readonly SeriesEntry[] }[];
  /** Segment files, by number. */
  readonly paths: readonly string[];
  readonly frames: FrameColumns;
  /** Per view: slices that were amended before; where this job touches one, it needs a refold too. */
  readonly amendedBefore: readonly (readonly SliceName[])[];
  /** File for the sorted runs. */
  readonly runPath: string;
  readonly slicesMax: number;
}

export interface FoldJobResult {
  readonly readings: number;
  /** Per view: what was written of it. */
  readonly runs: readonly (readonly SortedRun[])[];
  /** Per view: the slices whose min, max, first and last have to be refolded. */
  readonly pending: readonly (readonly SliceName[])[];
}

interface Results {
  readonly runs: readonly SortedRun[][];
  readonly pending: readonly SliceName[][];
}

/** Folds the frames of a job and writes what comes out as sorted runs. Synchronous: for a process of its own. */
export function runFoldJob(job: FoldJob): FoldJobResult {
  using source = new FrameSource(job.paths);
  using writer = new RunWriter(job.runPath);
  const result: Results = { runs: job.views.map(() => []), pending: job.views.map(() => []) };
  const agents = job.agents.map(({ agent, entries }) => new AgentFold(agent, entries));
  const folder = new FrameFolder();
  const capacity = slotsExpected(job);
  const views = job.views.map(
    (view, i) => new ViewFold(view, { takes: (group) => inRange(job.groups[i]!, group), capacity }),
  );
  let readings = 0;
  const { frames } = job;
  for (let i = 0; i < frames.count; i++) {
    const position = frames.position[i]!;
    if (i > 0 && position !== frames.position[i - 1] && slotsHeld(views) > job.slicesMax) {
      for (const behind of KEPT_BEHIND) {
        write(job, views, writer, result, behind);
        for (const { slots } of views) letGo(slots, behind);
        if (slotsHeld(views) <= job.slicesMax * NEWEST_BAND_SHARE) break;
      }
    }
    const bytes = source.frame(frames.file[i]!, frames.at[i]!, frames.bytes[i]!);
    const header = readHeader(bytes);
    if (header.kind === 'fault') continue;
    const counted = folder.fold(bytes, header, agents[frames.agent[i]!]!, views, position);
    if (typeof counted === 'number') readings += counted;
  }
  write(job, views, writer, result, undefined);
  return { readings, ...result };
}

/** How many slots a view has room for from the start. Memory that nothing is written to isn't taken, so it may well be too many. */
function slotsExpected({ views, frames, slicesMax }: FoldJob): number {
  const bytes = frames.bytes.reduce((sum, length) => sum + length, 0);
  return Math.max(1, Math.ceil(Math.min(slicesMax * ROOM_SHARE, bytes / BYTES_PER_SLICE) / views.length));
}

function slotsHeld(views: readonly ViewFold[]): number {
  let held = 0;
  for (const view of views) held += view.slots.held;
  return held;
}

/** Writes what is held as a sorted run for each view: all, or the bands that lie so many slices `behind` the newest. */
function write(
  job: FoldJob,
  views: readonly ViewFold[],
  writer: RunWriter,
  result: Results,
  behind: number | undefined,
): void {
  views.forEach((fold, view) => {
    const { slots } = fold;
    for (const { group, slice } of job.amendedBefore[view]!) {
      const known = slots.groups.get(group);
      const slot = known === undefined ? undefined : slots.slotOf(known, slice);
      if (slot !== undefined) slots.markPending(slot);
    }
    const kept = bandKept(slots, behind);
    const bands = bandsOf(slots).filter((band) => band < kept);
    const rows = new RowGatherer(job.partition, fold, writer, result.pending[view]!);
    const keys = [...slots.groups.keys()].sort();
    for (const band of bands) {
      for (const key of keys) rows.gatherBand(slots.groups.get(key)!, band);
      // The other groups of the band come next, and they are not this job's: a block that went on would enclose them.
      if (!isAll(job.groups[view]!)) rows.flush();
    }
    rows.flush();
    if (rows.groups.size > 0) result.runs[view]!.push(writer.finish(rows.groups));
  });
}

/** Lets go of what was written. */
function letGo(slots: SliceSlots, behind: number | undefined): void {
  if (behind === undefined) return slots.clear();
  const kept = bandKept(slots, behind);
  slots.settle();
  slots.evict((slice) => slice >= kept * BAND_SLICES);
}

/** The first band that stays. */
function bandKept(slots: SliceSlots, behind: number | undefined): number {
  return behind === undefined ? Number.POSITIVE_INFINITY : bandOf(newestSlice(slots) - behind);
}

/** About the newest slice that is held: the first of the newest span. */
function newestSlice(slots: SliceSlots): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const group of slots.groups.values()) for (const { number } of group.spans()) newest = Math.max(newest, number);
  return newest * SPAN_SLICES;
}

/** The bands of slices of which any is held, ascending. */
function bandsOf(slots: SliceSlots): number[] {
  const bands = new Set<number>();
  for (const group of slots.groups.values())
    for (const { number } of group.spans()) bands.add(bandOf(number * SPAN_SLICES));
  return [...bands].sort((a, b) => a - b);
}

const SPANS_PER_BAND = BAND_SLICES / SPAN_SLICES;

/** Gathers rows in their order, and writes them block by block. */
class RowGatherer {
  readonly groups = new Set<string>();
  readonly #partition: number;
  readonly #sliceMs: number;
  readonly #limbs: LimbsUsed;
  readonly #slots: SliceSlots;
  readonly #writer: RunWriter;
  readonly #pending: SliceName[];
  readonly #block = new OpenBlock();

  constructor(partition: number, { id, slots }: ViewFold, writer: RunWriter, pending: SliceName[]) {
    this.#partition = partition;
    this.#sliceMs = id.view.sliceMs;
    this.#limbs = slots.table.limbsUsed();
    this.#slots = slots;
    this.#writer = writer;
    this.#pending = pending;
  }

  /** Takes the slices that the group holds of a band. */
  gatherBand(group: Group, band: number): void {
    const slots = this.#slots;
    const { key } = group;
    const block = this.#block;
    const first = band * SPANS_PER_BAND;
    for (let number = first; number < first + SPANS_PER_BAND; number++) {
      const span = group.span(number);
      if (span === undefined) continue;
      const { open, origin } = span;
      if (open !== 0) this.groups.add(key);
      for (let i = 0, slice = number * SPAN_SLICES; i < SPAN_SLICES; i++, slice++) {
        if ((open & (1 << i)) === 0) continue;
        if (block.isFull()) this.flush();
        const slot = origin + slice;
        const flags = slots.flagsAt(slot);
        block.add(key, slice, slots.revisionAt(slot), flags, slots.table, slot);
        if ((flags & PENDING) !== 0) this.#pending.push({ group: key, slice });
      }
    }
  }

  flush(): void {
    const built = this.#block.build(this.#partition, this.#sliceMs, this.#slots.table, this.#limbs);
    if (built !== undefined) this.#writer.add(built.extent, built.bytes);
  }
}
