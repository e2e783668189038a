import { strict as assert } from 'node:assert';
import type { ConflictRule } from '#core/metrics/metric.ts';
import type { LinkCorrection } from '../journal/link-correction.ts';
import type { Break, SeriesBreak } from '../journal/series-breaks.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';
import { type Amend, amendOf, type ChangedValue, type LateRun, type TakenReadings } from './amend.ts';
import { conflictAt, decide } from './decide.ts';
import { placeLate } from './late-runs.ts';
import { BatchSorter, type SortedReadings, type UnsortedReadings } from './sort-batch.ts';

/** What accepting needs to know of a series. */
export interface SeriesRule {
  readonly conflict: ConflictRule;
  readonly paneMs: number;
}

/** Readings, and breaks, as a source delivers them, with the series that each belongs to. */
export interface OfferedReadings extends UnsortedReadings {
  readonly breaks?: readonly SeriesBreak[];
}

/** How many of the offered readings were what. `unchecked` ones are among the counted, refused ones among the amended. */
export interface AcceptedTallies {
  readonly counted: number;
  readonly repeats: number;
  readonly amended: number;
  readonly unchecked: number;
}

/** What accepting a batch came to. The journal's memory has been changed to match. */
export interface AcceptedBatch {
  readonly tallies: AcceptedTallies;
  /** The series that the batch has readings of, whatever these are. */
  readonly series: Int32Array;
  /** In the sorter's memory. */
  readonly taken: TakenReadings;
  readonly changed: readonly ChangedValue[];
  /** The breaks that were not known. */
  readonly breaks: readonly SeriesBreak[];
  /** What is shipped for readings, or breaks, that came before the tails of their series. */
  readonly late: { readonly runs: readonly LateRun[]; readonly links: readonly LinkCorrection[] };
  /** What is shipped for changed values that are in frames already. */
  readonly amends: readonly Amend[];
}

/**
 * Decides what each offered reading is, and takes it into the journal's memory.
 *
 * A reading later than all that its series has had is appended to the tail without a look-up. An earlier one is looked
 * up. New readings that fall before the tail change intervals which are in frames already: they come out as late runs
 * with signed links. A changed value in a frame comes out as an amend; one in the tail is changed in place.
 */
export function acceptBatch(
  offered: OfferedReadings,
  journals: readonly SeriesJournal[],
  ruleOf: (series: number) => SeriesRule,
  sorter = new BatchSorter(),
): AcceptedBatch {
  const sorted = sorter.sort(offered, journals.length);
  const { series, starts } = sorted;
  const acceptance = new Acceptance(sorted);
  for (let i = 0; i < series.length; i++) {
    const number = series[i]!;
    acceptance.acceptSeries(number, journals[number]!, ruleOf(number), starts[i]!, starts[i + 1]!);
  }
  // Only now have all new neighbours of a changed reading their places.
  const amends = acceptance.changed.flatMap((change) => applyChange(journals[change.series]!, change, ruleOf));
  for (const one of offered.breaks ?? []) acceptance.acceptBreak(one, journals[one.series]!);
  return acceptance.result(amends);
}

/** Changes a value that the journal held before the batch; gives its amend where it is in a frame. */
function applyChange(
  journal: SeriesJournal,
  { series, timeMs, value }: ChangedValue,
  ruleOf: (series: number) => SeriesRule,
): Amend[] {
  const index = journal.indexFrom(timeMs);
  const oldValue = journal.values[index]!;
  journal.values[index] = value;
  journal.breaks.touch(timeMs);
  return timeMs <= journal.sealedMs ? [amendOf(journal, index, oldValue, ruleOf(series).paneMs)] : [];
}

/**
 * A batch on its way through acceptance: carries out what is decided for each reading. What is taken stands in the place of
 * what was offered, which has been looked at by then: there are never more of them.
 */
class Acceptance {
  /** Values of the journal that have to change, once every new reading of the batch has its place. */
  readonly changed: ChangedValue[] = [];
  readonly #offered: SortedReadings;
  readonly #taken: Pick<SortedReadings, 'entry' | 'timeMs' | 'value'> & { count: number };
  readonly #runs: LateRun[] = [];
  readonly #links: LinkCorrection[] = [];
  readonly #breaks: SeriesBreak[] = [];
  #repeats = 0;
  #amended = 0;
  #unchecked = 0;

  constructor(offered: SortedReadings) {
    const { entry, timeMs, value } = offered;
    this.#offered = offered;
    this.#taken = { count: 0, entry, timeMs, value };
  }

  /** The readings [from, to) are those of the series, by time and, at equal times, in source order. */
  acceptSeries(series: number, journal: SeriesJournal, rule: SeriesRule, from: number, to: number): void {
    const { entry, timeMs, value } = this.#offered;
    if (this.#takeNew(journal, from, to)) return;
    const taken = this.#taken;
    const lateFrom = taken.count;
    let lastMs = journal.lastMs;
    let row = from;
    while (row < to && timeMs[row]! <= lastMs) row = this.#acceptEarlier(series, journal, rule, row, to);
    const newFrom = taken.count;
    for (; row < to; row++) {
      const atMs = timeMs[row]!;
      if (atMs > lastMs) {
        this.#take(entry[row]!, atMs, value[row]!);
        lastMs = atMs;
      } else {
        // Of one instant that is new, the row before has been taken.
        const last = taken.count - 1;
        taken.value[last] = this.#accept(row, taken.value[last], journal, rule.conflict);
      }
    }
    this.#remember(journal, lateFrom, newFrom);
  }

  /** Takes readings all of which are new, and of different times, as they are; false where they are not. */
  #takeNew(journal: SeriesJournal, from: number, to: number): boolean {
    const { entry, timeMs, value } = this.#taken;
    let lastMs = journal.lastMs;
    for (let row = from; row < to; row++) {
      const atMs = timeMs[row]!;
      if (atMs <= lastMs) return false;
      lastMs = atMs;
    }
    journal.breaks.touch(timeMs[from]!);
    journal.extend(timeMs, value, entry, from, to);
    const { count } = this.#taken;
    if (count < from) {
      entry.copyWithin(count, from, to);
      timeMs.copyWithin(count, from, to);
      value.copyWithin(count, from, to);
    }
    this.#taken.count += to - from;
    return true;
  }

  acceptBreak(one: SeriesBreak, journal: SeriesJournal): void {
    const links = takeBreak(journal, one);
    if (links === null) return;
    this.#breaks.push(one);
    this.#links.push(...links);
  }

  result(amends: readonly Amend[]): AcceptedBatch {
    const { count, entry, timeMs, value } = this.#taken;
    return {
      series: this.#offered.series,
      tallies: { counted: count, repeats: this.#repeats, amended: this.#amended, unchecked: this.#unchecked },
      taken: {
        count,
        entry: entry.subarray(0, count),
        timeMs: timeMs.subarray(0, count),
        value: value.subarray(0, count),
      },
      changed: this.changed,
      breaks: this.#breaks,
      late: { runs: this.#runs, links: this.#links },
      amends,
    };
  }

  /** Accepts the rows of the instant that `row` begins, which is not later than all the series has had; gives their end. */
  #acceptEarlier(series: number, journal: SeriesJournal, rule: SeriesRule, row: number, to: number): number {
    const { timeMs } = this.#offered;
    const atMs = timeMs[row]!;
    const known = journal.valueAt(atMs);
    const conflict = known === undefined ? rule.conflict : conflictAt(atMs, journal, rule);
    let current = known;
    let end = row;
    for (; end < to && timeMs[end] === atMs; end++) current = this.#accept(end, current, journal, conflict);
    if (known === undefined) this.#taken.value[this.#taken.count - 1] = current!;
    else if (current !== known) this.changed.push({ series, timeMs: atMs, value: current! });
    return end;
  }

  /** Accepts the row at `at`, where its series has the value `known` at that time; gives the value that it then has. */
  #accept(at: number, known: number | undefined, journal: SeriesJournal, conflict: ConflictRule): number {
    const atMs = this.#offered.timeMs[at]!;
    const offered = this.#offered.value[at]!;
    const decision = decide(atMs, offered, known, journal, conflict);
    switch (decision) {
      case 'repeat':
        this.#repeats++;
        return offered;
      case 'amend':
        this.#amended++;
        return offered;
      case 'refused':
        this.#amended++;
        return known!;
      case 'unchecked':
        this.#unchecked++;
        break;
      case 'new':
      case 'late':
        break;
      default:
        assert.fail(`a reading is ${decision satisfies never}`);
    }
    this.#take(this.#offered.entry[at]!, atMs, offered);
    return offered;
  }

  #take(entry: number, timeMs: number, value: number): void {
    const taken = this.#taken;
    const index = taken.count++;
    taken.entry[index] = entry;
    taken.timeMs[index] = timeMs;
    taken.value[index] = value;
  }

  /** Takes what was accepted of a series into its journal: late readings from `lateFrom` on, new ones from `newFrom` on. */
  #remember(journal: SeriesJournal, lateFrom: number, newFrom: number): void {
    const { count, entry, timeMs, value } = this.#taken;
    if (lateFrom < count) journal.breaks.touch(timeMs[lateFrom]!);
    if (lateFrom < newFrom) {
      const { runs, links, sealedMs } = placeLate(journal, this.#taken, lateFrom, newFrom);
      // One by one: a batch that falls between others makes more of them than a call takes arguments.
      for (const run of runs) this.#runs.push(run);
      for (const link of links) this.#links.push(link);
      journal.sealedMs = sealedMs;
      journal.merge(timeMs, value, entry, lateFrom, newFrom);
    }
    journal.extend(timeMs, value, entry, newFrom, count);
  }
}

/**
 * Takes a break into the journal of its series. Gives what it takes back of intervals that are in frames, or null where
 * it is known already, or lies among readings that are forgotten: their links are not known any more.
 */
function takeBreak(journal: SeriesJournal, one: Break): readonly LinkCorrection[] | null {
  const { breaks } = journal;
  if (one.atMs <= journal.forgottenMs) return null;
  const after = journal.indexFrom(one.atMs);
  const before = after < journal.tailStart ? journal.before(after) : null;
  if (!breaks.add(one)) return null;
  if (before === null) return [];
  const to = { entry: journal.entries[after]!, toMs: journal.times[after]!, toValue: journal.values[after]! };
  return [{ ...to, sign: -1, fromMs: before.timeMs, fromValue: before.value }];
}
