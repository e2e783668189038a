import type { MeasuredMetric, Statistic } from '#core/stats/statistics.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import { tzdataVersion } from '#core/time/zone.ts';
import type { AnsweredWindow, AnswerHead } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { SlotStats } from './slot-stats.ts';

/** The statistics that wait for a refold after an amend. */
const PENDING_TEXT = '["min","max","first","last"]';

/**
 * Writes windows as JSON text, number by number with all digits: the texts of the statistics are JSON numbers as they
 * are, so nothing passes through a double (what JSON.rawJSON does, without an object per number).
 */
export class WindowWriter {
  readonly #query: ViewQuery;
  readonly #stats: SlotStats;
  readonly #table: StatsTable;
  readonly #tagNames: readonly string[];
  readonly #keys: readonly string[];
  readonly #instants = new Map<number, string>();
  readonly #tagTexts = new Map<readonly string[], string>();

  constructor(table: StatsTable, query: ViewQuery) {
    this.#query = query;
    this.#table = table;
    this.#stats = new SlotStats(table);
    this.#tagNames = query.view.by.map((tag) => JSON.stringify(tag));
    this.#keys = query.stats.map(({ name }, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`);
  }

  /** One window as a JSON object. */
  text(window: AnsweredWindow): string {
    const { startMs, endMs, tags, slot, completeness, final, revision, pending, expectedFromMs } = window;
    const unchecked = this.#table.unchecked[slot]!;
    return (
      `{"start":${this.#instant(startMs)},"end":${this.#instant(endMs)},"tags":${this.#tags(tags)},"stats":{${this.#values(slot)}},` +
      `"completeness":${completeness},"final":${final},"revision":${revision}` +
      `${expectedFromMs === undefined ? '' : `,"expectedFrom":${this.#instant(expectedFromMs)}`}` +
      `${pending ? `,"pending":${PENDING_TEXT}` : ''}${unchecked > 0 ? `,"unchecked":${unchecked}` : ''}}`
    );
  }

  #values(slot: number): string {
    const { stats, metric } = this.#query;
    const read = this.#stats.at(slot);
    let text = '';
    for (let i = 0; i < stats.length; i++) text += this.#keys[i]! + valueText(stats[i]!, read, metric);
    return text;
  }

  #instant(atMs: number): string {
    let text = this.#instants.get(atMs);
    if (text === undefined) {
      text = `"${formatInstant(atMs)}"`;
      if (this.#instants.size >= INSTANTS_KEPT) this.#instants.clear();
      this.#instants.set(atMs, text);
    }
    return text;
  }

  #tags(tags: readonly string[]): string {
    let text = this.#tagTexts.get(tags);
    if (text === undefined) {
      text = `{${tags.map((value, i) => `${this.#tagNames[i]}:${JSON.stringify(value)}`).join(',')}}`;
      this.#tagTexts.set(tags, text);
    }
    return text;
  }
}

/** Texts of edges that are kept: neighbouring windows share them, and so do groups. */
const INSTANTS_KEPT = 4_096;

/** A statistic's value as JSON: a number with all its digits, null, or for `first` and `last` the reading. */
function valueText(statistic: Statistic, stats: SlotStats, metric: MeasuredMetric): string {
  const value = statistic.compute(stats, metric) ?? 'null';
  if (statistic.name !== 'first' && statistic.name !== 'last') return value;
  const reading = stats[statistic.name];
  return reading === null ? 'null' : `{"time":"${formatInstant(reading.ms)}","value":${value}}`;
}

/** The version of the time zone data by which answers are made. */
export const TZDATA = tzdataVersion(process.versions);

/** The unit of each statistic that was asked for, by its name: null where it has none. */
export type Units = Readonly<Record<string, string | null>>;

export function unitsOf({ stats, metric }: Pick<ViewQuery, 'stats' | 'metric'>): Units {
  return Object.fromEntries(stats.map((one) => [one.name, one.unitOf(metric)]));
}

/** What an answer says of its query. */
export interface QueryTold {
  readonly units: Units;
  /** Whose clock and calendar the windows follow; sessions have none. */
  readonly zone?: string;
}

/** The fields of an answer before its windows, as the beginning of a JSON object. */
export function headText(head: AnswerHead, tzdata: string, told?: QueryTold): string {
  const freshness = head.freshnessMs === null ? null : formatInstant(head.freshnessMs);
  const asOf =
    head.asOf === undefined ? {} : { asOf: { cut: head.asOf.cut, published: formatInstant(head.asOf.publishedAtMs) } };
  const fields = JSON.stringify({
    view: head.view,
    version: head.version,
    position: head.position,
    freshness,
    ...(head.provisional ? { provisional: true } : {}),
    tzdata,
    ...told,
    ...(head.without.length === 0 ? {} : { without: head.without }),
    ...asOf,
  });
  return fields.slice(0, -1);
}
