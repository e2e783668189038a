import type { TextWriter } from '#core/packing/text-writer.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import { tzdataVersion } from '#core/time/zone.ts';
import type { AnsweredWindow, AnswerHead } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { EdgeText, JudgementText, StatsWriter, TagTexts } from './write-stats.ts';

const utf8 = new TextEncoder();

/** The statistics that wait for a refold after an amend. */
const PENDING_TEXT = '["min","max","first","last"]';

/**
 * Writes windows as JSON text, number by number with all digits: the texts of the statistics are JSON numbers as they
 * are, so nothing passes through a double (what JSON.rawJSON does, without an object per number).
 */
export class WindowWriter {
  readonly #query: ViewQuery;
  readonly #stats: StatsWriter;
  readonly #table: StatsTable;
  readonly #keys: readonly Uint8Array[];
  readonly #tagTexts: TagTexts;
  readonly #edges = new EdgeText((start, end) => `{"start":"${start}","end":"${end}","tags":`);
  readonly #judgements = new JudgementText(
    (w) => `},"completeness":${w.completeness},"final":${w.final},"revision":${w.revision}`,
  );

  /** Writers of one answer share the texts of its tags. */
  constructor(table: StatsTable, query: ViewQuery, tagTexts: TagTexts = jsonTagTexts(query)) {
    this.#tagTexts = tagTexts;
    this.#query = query;
    this.#table = table;
    this.#stats = new StatsWriter(table, query);
    this.#keys = query.stats.map(({ name }, i) => utf8.encode(`${i === 0 ? '' : ','}${JSON.stringify(name)}:`));
  }

  /** One window as a JSON object. */
  write(out: TextWriter, window: AnsweredWindow): void {
    const { startMs, endMs, tags, slot, pending, expectedFromMs } = window;
    this.#edges.write(out, startMs, endMs);
    out.append(this.#tagTexts.of(tags));
    out.ascii(',"stats":{');
    for (let i = 0; i < this.#keys.length; i++) {
      out.append(this.#keys[i]!);
      this.#value(out, i, slot);
    }
    out.append(this.#judgements.of(window));
    if (expectedFromMs !== undefined) out.ascii(`,"expectedFrom":"${formatInstant(expectedFromMs)}"`);
    if (pending) out.ascii(`,"pending":${PENDING_TEXT}`);
    const unchecked = this.#table.unchecked[slot]!;
    if (unchecked > 0) out.ascii(`,"unchecked":${unchecked}`);
    out.ascii('}');
  }

  /** A statistic's value as JSON: a number with all its digits, null, or for `first` and `last` the reading. */
  #value(out: TextWriter, i: number, slot: number): void {
    const { name } = this.#query.stats[i]!;
    const reading = name === 'first' || name === 'last' ? this.#stats.stats.at(slot)[name] : null;
    if (reading === null) return this.#stats.write(out, i, slot, 'null');
    out.ascii(`{"time":"${formatInstant(reading.ms)}","value":`);
    this.#stats.write(out, i, slot, 'null');
    out.ascii('}');
  }
}

/** Tags as a JSON object. */
export function jsonTagTexts({ view }: Pick<ViewQuery, 'view'>): TagTexts {
  const names = view.by.map((tag) => JSON.stringify(tag));
  return new TagTexts((tags) => `{${tags.map((value, i) => `${names[i]}:${JSON.stringify(value)}`).join(',')}}`);
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
