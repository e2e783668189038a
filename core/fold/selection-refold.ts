import { type AmendFrame, decodeAmend } from '../frames/amend-frame.ts';
import { decodeFrame } from '../frames/frame.ts';
import type { FrameHeader } from '../frames/header.ts';
import type { PanesFrame } from '../frames/panes.ts';
import type { ReadingsFrame } from '../frames/readings.ts';
import { sliceKey, type SliceName } from '../slices/slice-span.ts';
import { includeFirst, includeLast, includeRange } from '../stats/merge.ts';
import { StatsTable } from '../stats/stats-table.ts';
import { groupKey, groupOf, viewAdmits } from '../views/view.ts';
import type { AgentFold } from './agent-fold.ts';
import type { ViewVersion } from './view-fold.ts';

/** What an amend says of its pane: everything that frames up to its number hold. */
interface PaneAfter {
  readonly order: FrameOrder;
  readonly revision: number;
  readonly slot: string;
  readonly amends: AmendFrame;
  readonly index: number;
}

/** The order in which an agent made its frames, in one life. */
interface FrameOrder {
  readonly incarnation: number;
  readonly sequence: number;
}

/** A frame of the log that admission lets fold, with the agent that sent it. */
export interface AgentFrame {
  readonly agent: AgentFold;
  /** Number of the agent's life, as admission counts them: each has a dictionary and frame numbers of its own. */
  readonly life: number;
  readonly header: FrameHeader;
  readonly frame: Uint8Array;
}

/**
 * Finds min, max, first and last of some slices anew from the frames of all history
 * (docs/design.md#what-an-amend-cannot-invert-is-refolded).
 *
 * What an amend says of a pane replaces what frames of lower number said of it; frames of higher number add to it. The
 * selection is idempotent, so a frame that stands in the log twice does no harm. Frames have to be given twice, in any
 * order: once to `survey`, which finds the amends, then to `fold`.
 */
export class SelectionRefold {
  readonly #view: ViewVersion;
  readonly #table = new StatsTable();
  readonly #slots = new Map<string, number>();
  readonly #names = new Map<string, SliceName>();
  readonly #panes = new Map<string, PaneAfter>();
  readonly #earliestMs: number;
  readonly #latestMs: number;
  readonly #groups = new Map<AgentFold, (string | null)[]>();

  constructor(view: ViewVersion, slices: Iterable<SliceName>) {
    this.#view = view;
    let earliest = Number.POSITIVE_INFINITY;
    let latest = Number.NEGATIVE_INFINITY;
    for (const { group, slice } of slices) {
      this.#slots.set(sliceKey(group, slice), this.#table.allocate());
      this.#names.set(sliceKey(group, slice), { group, slice });
      earliest = Math.min(earliest, slice);
      latest = Math.max(latest, slice);
    }
    this.#earliestMs = earliest * view.view.sliceMs;
    this.#latestMs = (latest + 1) * view.view.sliceMs;
  }

  /** The table that holds the selection of a slice, at `slotOf`. */
  get table(): StatsTable {
    return this.#table;
  }

  slotOf({ group, slice }: SliceName): number | undefined {
    return this.#slots.get(sliceKey(group, slice));
  }

  /** First pass: notes what amends say of the panes of the slices. Tells the slices that the frame amends. */
  survey({ agent, life, header, frame: bytes }: AgentFrame): readonly SliceName[] {
    if (header.kind !== 'amend') return [];
    const frame = decodeAmend(bytes, header);
    if (frame.kind === 'fault') return [];
    const { amends } = frame;
    const amended = new Map<string, SliceName>();
    for (let i = 0; i < amends.count; i++) {
      const slot = this.#slotKeyOf(agent, amends.entry[i]!, amends.timeMs[i]!);
      if (slot === undefined) continue;
      amended.set(slot, this.#names.get(slot)!);
      const pane = paneKey(life, amends.entry[i]!, amends.paneStartMs[i]!);
      const revision = amends.revision[i]!;
      const known = this.#panes.get(pane);
      if (
        known !== undefined &&
        (isBefore(header, known.order) || (isSame(header, known.order) && revision < known.revision))
      )
        continue;
      this.#panes.set(pane, { order: header, revision, slot, amends: frame, index: i });
    }
    return [...amended.values()];
  }

  /** Second pass: takes in what the frame says of the slices. */
  fold(given: AgentFrame): void {
    const { header, frame: bytes } = given;
    if (header.kind === 'birth' || header.kind === 'amend') return;
    if (header.latestMs < this.#earliestMs || header.earliestMs >= this.#latestMs) return;
    const frame = decodeFrame(bytes, header);
    if (frame.kind === 'readings') this.#foldReadings(given, frame.runs);
    else if (frame.kind === 'panes') this.#foldPanes(given, frame.panes);
  }

  /** After the second pass: takes in what the amends say. */
  finish(): void {
    for (const { slot, amends, index } of this.#panes.values()) {
      const { minAfter, maxAfter, firstMsAfter, firstValueAfter, lastMsAfter, lastValueAfter } = amends.amends;
      const at = this.#slots.get(slot)!;
      includeRange(this.#table, at, minAfter[index]!, maxAfter[index]!);
      includeFirst(this.#table, at, firstMsAfter[index]!, firstValueAfter[index]!);
      includeLast(this.#table, at, lastMsAfter[index]!, lastValueAfter[index]!);
    }
  }

  #foldReadings(frame: AgentFrame, runs: ReadingsFrame['runs']): void {
    let from = 0;
    for (let run = 0; run < runs.runCount; run++) {
      const end = from + runs.length[run]!;
      const entry = runs.entry[run]!;
      for (let i = from; i < end; i++) {
        const timeMs = runs.timeMs[i]!;
        const slot = this.#liveSlot(frame, entry, timeMs);
        if (slot === undefined) continue;
        const value = runs.value[i]!;
        includeRange(this.#table, slot, value, value);
        includeFirst(this.#table, slot, timeMs, value);
        includeLast(this.#table, slot, timeMs, value);
      }
      from = end;
    }
  }

  #foldPanes(frame: AgentFrame, panes: PanesFrame['panes']): void {
    for (let i = 0; i < panes.count; i++) {
      if (panes.readings[i] === 0) continue;
      const slot = this.#liveSlot(frame, panes.entry[i]!, panes.startMs[i]!);
      if (slot === undefined) continue;
      includeRange(this.#table, slot, panes.min[i]!, panes.max[i]!);
      includeFirst(this.#table, slot, panes.firstMs[i]!, panes.firstValue[i]!);
      includeLast(this.#table, slot, panes.lastMs[i]!, panes.lastValue[i]!);
    }
  }

  /** The slot that a reading at the time counts in, unless an amend of its pane with a higher number speaks for it. */
  #liveSlot({ agent, life, header }: AgentFrame, entry: number, timeMs: number): number | undefined {
    if (timeMs < this.#earliestMs || timeMs >= this.#latestMs) return undefined;
    const key = this.#slotKeyOf(agent, entry, timeMs);
    if (key === undefined) return undefined;
    const { paneMs } = agent.entries[entry]!;
    const pane = this.#panes.get(paneKey(life, entry, Math.floor(timeMs / paneMs) * paneMs));
    if (pane !== undefined && isBefore(header, pane.order)) return undefined;
    return this.#slots.get(key);
  }

  /** The key of the asked slice that holds the time for the entry's group, or undefined where it was not asked for. */
  #slotKeyOf(agent: AgentFold, entry: number, timeMs: number): string | undefined {
    let groups = this.#groups.get(agent);
    if (groups === undefined) {
      groups = [];
      this.#groups.set(agent, groups);
    }
    const group = (groups[entry] ??= this.#groupOf(agent, entry));
    if (group === null) return undefined;
    const key = sliceKey(group, Math.floor(timeMs / this.#view.view.sliceMs));
    return this.#slots.has(key) ? key : undefined;
  }

  #groupOf(agent: AgentFold, entry: number): string | null {
    const series = agent.entries[entry];
    const { view } = this.#view;
    return series !== undefined && viewAdmits(view, series) ? groupKey(groupOf(view, series)) : null;
  }
}

/** An amend speaks for the readings of its dictionary entry: those with other tags belong to other groups. */
function paneKey(life: number, entry: number, startMs: number): string {
  return `${life}/${entry}/${startMs}`;
}

function isBefore(a: FrameOrder, b: FrameOrder): boolean {
  return a.incarnation < b.incarnation || (a.incarnation === b.incarnation && a.sequence < b.sequence);
}

function isSame(a: FrameOrder, b: FrameOrder): boolean {
  return a.incarnation === b.incarnation && a.sequence === b.sequence;
}
