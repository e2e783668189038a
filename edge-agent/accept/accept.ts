import type { ConflictRule } from '#core/metrics/metric.ts';
import type { RememberedReading, SeriesJournal } from '../journal/series-journal.ts';
import type { AcceptedBatch, Amendment, ChangedValue, LateRun, LinkCorrection } from './corrections.ts';
import { selectPane } from './pane-selection.ts';
import { sortBatch } from './sort-batch.ts';

/** What accepting needs to know of a series. */
export interface SeriesRule {
  readonly conflict: ConflictRule;
  readonly paneMs: number;
}

/** Readings as a source delivers them, with the series that each belongs to. */
export interface OfferedReadings {
  readonly count: number;
  readonly entry: Int32Array;
  readonly seriesOfRow: Int32Array;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
}

/** A value that has to change, once every new reading of the batch has its place. */
interface PendingChange {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
}

/**
 * Decides what each offered reading is: new, late, a repeat of one that the journal holds, or an amend of it; and takes
 * it into the journal's memory (docs/design.md#a-repeated-reading-is-not-a-second-reading).
 *
 * A reading later than all that its series has had is appended to the tail without a look-up. An earlier one is looked
 * up. New readings that fall before the tail change intervals which are in frames already: they come out as late runs
 * with signed links. A changed value in a frame comes out as an amendment; one in the tail is changed in place.
 */
export function acceptBatch(
  offered: OfferedReadings,
  journals: readonly SeriesJournal[],
  ruleOf: (series: number) => SeriesRule,
): AcceptedBatch {
  const acceptance = new Acceptance(offered, journals);
  const sorted = sortBatch(offered.count, offered.seriesOfRow, offered.timeMs, journals.length);
  for (let i = 0; i < sorted.series.length; i++) {
    const series = sorted.series[i]!;
    acceptance.acceptSeries(series, ruleOf(series), sorted.order, sorted.starts[i]!, sorted.starts[i + 1]!);
  }
  acceptance.applyChanges(ruleOf);
  return acceptance.result();
}

class Acceptance {
  readonly #offered: OfferedReadings;
  readonly #journals: readonly SeriesJournal[];
  readonly #takenEntry: Int32Array;
  readonly #takenMs: Float64Array;
  readonly #takenValue: Float64Array;
  #taken = 0;
  #repeats = 0;
  #amended = 0;
  #unchecked = 0;
  readonly #lateRuns: LateRun[] = [];
  readonly #lateLinks: LinkCorrection[] = [];
  readonly #amendments: Amendment[] = [];
  readonly #amendLinks: LinkCorrection[] = [];
  readonly #changed: ChangedValue[] = [];
  readonly #pending: PendingChange[] = [];

  constructor(offered: OfferedReadings, journals: readonly SeriesJournal[]) {
    this.#offered = offered;
    this.#journals = journals;
    this.#takenEntry = new Int32Array(offered.count);
    this.#takenMs = new Float64Array(offered.count);
    this.#takenValue = new Float64Array(offered.count);
  }

  /** Rows order[from] to order[to - 1] are those of the series, by time and, at equal times, in source order. */
  acceptSeries(series: number, rule: SeriesRule, order: Int32Array, from: number, to: number): void {
    const { entry, timeMs, value } = this.#offered;
    const journal = this.#journals[series]!;
    let lastMs = journal.lastMs;
    const takenBefore = this.#taken;
    let row = from;
    for (; row < to && timeMs[order[row]!]! <= lastMs; row = this.#endOfInstant(order, row, to)) {
      this.#acceptEarlier(series, rule, order, row, this.#endOfInstant(order, row, to));
    }
    const newBefore = this.#taken;
    for (; row < to; row++) {
      const at = order[row]!;
      const atMs = timeMs[at]!;
      if (atMs === lastMs) {
        this.#resolveRepeated(rule, at);
        continue;
      }
      this.#take(entry[at]!, atMs, value[at]!);
      lastMs = atMs;
    }
    this.#placeEarlier(series, takenBefore, newBefore);
    for (let i = newBefore; i < this.#taken; i++) {
      journal.append(this.#takenMs[i]!, this.#takenValue[i]!, this.#takenEntry[i]!);
    }
  }

  /** Changes values that the journal held before the batch, now that all new neighbours are in their places. */
  applyChanges(ruleOf: (series: number) => SeriesRule): void {
    for (const { series, timeMs, value } of this.#pending) {
      const journal = this.#journals[series]!;
      const index = journal.indexFrom(timeMs);
      const oldValue = journal.values[index]!;
      const entry = journal.entries[index]!;
      const isSealed = timeMs <= journal.sealedMs;
      journal.values[index] = value;
      this.#changed.push({ series, entry, timeMs, value });
      if (!isSealed) continue;
      this.#relink(journal, index, entry, oldValue, value);
      const { paneMs } = ruleOf(series);
      const paneStartMs = Math.floor(timeMs / paneMs) * paneMs;
      const after = selectPane(journal, entry, paneStartMs, paneMs);
      this.#amendments.push({ entry, timeMs, oldValue, newValue: value, paneStartMs, paneMs, after });
    }
  }

  result(): AcceptedBatch {
    const count = this.#taken;
    return {
      counted: count,
      repeats: this.#repeats,
      amended: this.#amended,
      unchecked: this.#unchecked,
      taken: {
        count,
        entry: this.#takenEntry.subarray(0, count),
        timeMs: this.#takenMs.subarray(0, count),
        value: this.#takenValue.subarray(0, count),
      },
      changed: this.#changed,
      lateRuns: this.#lateRuns,
      lateLinks: this.#lateLinks,
      amendments: this.#amendments,
      amendLinks: this.#amendLinks,
    };
  }

  #endOfInstant(order: Int32Array, row: number, to: number): number {
    const { timeMs } = this.#offered;
    const atMs = timeMs[order[row]!];
    let end = row + 1;
    while (end < to && timeMs[order[end]!] === atMs) end++;
    return end;
  }

  /** Rows of one instant that is not later than all the series has had: look up, and decide by the order of the rows. */
  #acceptEarlier(series: number, rule: SeriesRule, order: Int32Array, from: number, to: number): void {
    const { entry, timeMs, value } = this.#offered;
    const journal = this.#journals[series]!;
    const atMs = timeMs[order[from]!]!;
    const index = journal.indexFrom(atMs);
    const isKnown = index < journal.length && journal.times[index] === atMs;
    let row = from;
    if (!isKnown) {
      const at = order[row++]!;
      this.#take(entry[at]!, atMs, value[at]!);
      for (; row < to; row++) this.#resolveRepeated(rule, order[row]!);
      return;
    }
    const known = journal.values[index]!;
    let current = known;
    for (; row < to; row++) {
      const offered = value[order[row]!]!;
      if (offered === current) this.#repeats++;
      else {
        this.#amended++;
        if (rule.conflict === 'last') current = offered;
      }
    }
    if (current !== known) this.#pending.push({ series, timeMs: atMs, value: current });
  }

  /** A further row at the instant of the reading taken last. */
  #resolveRepeated(rule: SeriesRule, at: number): void {
    const offered = this.#offered.value[at]!;
    if (offered === this.#takenValue[this.#taken - 1]) this.#repeats++;
    else {
      this.#amended++;
      if (rule.conflict === 'last') this.#takenValue[this.#taken - 1] = offered;
    }
  }

  #take(entry: number, timeMs: number, value: number): void {
    this.#takenEntry[this.#taken] = entry;
    this.#takenMs[this.#taken] = timeMs;
    this.#takenValue[this.#taken] = value;
    this.#taken++;
  }

  /** Gives the taken readings [from, to), all earlier than the series' last, their places among the remembered ones. */
  #placeEarlier(series: number, from: number, to: number): void {
    if (from === to) return;
    const journal = this.#journals[series]!;
    const isAnySealed = journal.sealedMs !== Number.NEGATIVE_INFINITY;
    const tailStartMs =
      journal.tailStart < journal.length ? journal.times[journal.tailStart]! : Number.POSITIVE_INFINITY;
    let gap = -1;
    for (let i = from; isAnySealed && i < to && this.#takenMs[i]! < tailStartMs;) {
      const after = journal.indexFrom(this.#takenMs[i]!);
      const end = this.#endOfLateRun(journal, after, i, to);
      const anchor = after === gap ? this.#takenAt(i - 1) : journal.before(after);
      this.#placeLateRun(journal, after, anchor, i, end, tailStartMs);
      gap = after;
      i = end;
    }
    journal.merge(this.#takenMs, this.#takenValue, this.#takenEntry, from, to);
  }

  /** The end of the taken readings from `from` on that lie in one gap, before the remembered reading at `after`. */
  #endOfLateRun(journal: SeriesJournal, after: number, from: number, to: number): number {
    const nextMs = journal.times[after]!;
    const entry = this.#takenEntry[from];
    let end = from + 1;
    // Readings among those let go of are not each other's neighbours for sure: each is a run of its own.
    if (this.#takenMs[from]! <= journal.forgottenMs) return end;
    while (end < to && this.#takenMs[end]! < nextMs && this.#takenEntry[end] === entry) end++;
    return end;
  }

  /** One run of late readings between the same two neighbours: a run of its own, and a correction of what they split. */
  #placeLateRun(
    journal: SeriesJournal,
    after: number,
    before: RememberedReading | null,
    from: number,
    end: number,
    tailStartMs: number,
  ): void {
    const entry = this.#takenEntry[from]!;
    const isUnchecked = this.#takenMs[from]! <= journal.forgottenMs;
    // Among readings that the journal let go of, the neighbours are unknown, so no interval is split or made.
    const anchor = isUnchecked ? null : before;
    this.#lateRuns.push({
      entry,
      times: [...this.#takenMs.subarray(from, end)],
      values: [...this.#takenValue.subarray(from, end)],
      anchor,
      unchecked: isUnchecked,
    });
    if (isUnchecked) this.#unchecked += end - from;
    const isBeforeTail = journal.times[after]! >= tailStartMs;
    if (isBeforeTail) journal.sealedMs = Math.max(journal.sealedMs, this.#takenMs[end - 1]!);
    else if (!isUnchecked) this.#splitInterval(journal, after, anchor, end - 1);
  }

  /**
   * The interval from `anchor` to the remembered reading at `after` is in a frame; it now begins at the taken reading
   * `last`. An interval goes by the entry of its later reading, as in a run.
   */
  #splitInterval(journal: SeriesJournal, after: number, anchor: RememberedReading | null, last: number): void {
    const next = journal.at(after);
    const to = { entry: journal.entries[after]!, toMs: next.timeMs, toValue: next.value };
    if (anchor !== null) this.#lateLinks.push({ ...to, sign: -1, fromMs: anchor.timeMs, fromValue: anchor.value });
    const from = this.#takenAt(last);
    this.#lateLinks.push({ ...to, sign: 1, fromMs: from.timeMs, fromValue: from.value });
  }

  #takenAt(index: number): RememberedReading {
    return { timeMs: this.#takenMs[index]!, value: this.#takenValue[index]! };
  }

  /** A sealed reading's value changed: the intervals before and after it are taken back and given anew. */
  #relink(journal: SeriesJournal, index: number, entry: number, oldValue: number, newValue: number): void {
    const atMs = journal.times[index]!;
    if (atMs < journal.forgottenMs) return;
    const from = journal.before(index);
    if (from !== null) {
      const span = { entry, fromMs: from.timeMs, fromValue: from.value, toMs: atMs };
      this.#amendLinks.push({ ...span, sign: -1, toValue: oldValue }, { ...span, sign: 1, toValue: newValue });
    }
    if (index + 1 < journal.tailStart) {
      const to = journal.at(index + 1);
      const span = { entry: journal.entries[index + 1]!, fromMs: atMs, toMs: to.timeMs, toValue: to.value };
      this.#amendLinks.push({ ...span, sign: -1, fromValue: oldValue }, { ...span, sign: 1, fromValue: newValue });
    }
  }
}
