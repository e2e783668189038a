import type { TextWriter } from '#core/packing/text-writer.ts';
import { type QuickText, quickTextOf } from '#core/stats/quick-text.ts';
import type { StatsTable } from '#core/stats/stats-table.ts';
import { formatInstant } from '#core/time/instant.ts';
import type { AnsweredWindow } from './answered-window.ts';
import type { ViewQuery } from './query.ts';
import { SlotStats } from './slot-stats.ts';

const NOTHING = new Uint8Array();
const utf8 = new TextEncoder();

/**
 * The text of a window's edges. Windows of many groups share theirs with the one before: from the second one on it is
 * encoded, and kept.
 */
export class EdgeText {
  readonly #textOf: (start: string, end: string) => string;
  #startMs = Number.NaN;
  #endMs = Number.NaN;
  #end = '';
  #text = '';
  #encoded: Uint8Array | undefined;

  /** `textOf` writes the edges, which it is given as instants. */
  constructor(textOf: (start: string, end: string) => string) {
    this.#textOf = textOf;
  }

  write(out: TextWriter, startMs: number, endMs: number): void {
    if (startMs === this.#startMs && endMs === this.#endMs) {
      out.append((this.#encoded ??= utf8.encode(this.#text)));
      return;
    }
    // One mostly starts where the last one ends.
    const start = startMs === this.#endMs ? this.#end : formatInstant(startMs);
    this.#end = formatInstant(endMs);
    this.#text = this.#textOf(start, this.#end);
    this.#encoded = undefined;
    this.#startMs = startMs;
    this.#endMs = endMs;
    out.ascii(this.#text);
  }
}

/** The tags of groups as they are written, encoded and kept. One window after the other is mostly of the groups in the same order. */
export class TagTexts {
  readonly #textOf: (tags: readonly string[]) => string;
  readonly #places = new Map<readonly string[], number>();
  readonly #tags: (readonly string[])[] = [];
  readonly #texts: Uint8Array[] = [];
  #next = 0;

  constructor(textOf: (tags: readonly string[]) => string) {
    this.#textOf = textOf;
  }

  of(tags: readonly string[]): Uint8Array {
    const place = this.#tags[this.#next] === tags ? this.#next : this.#placeOf(tags);
    this.#next = place + 1 === this.#tags.length ? 0 : place + 1;
    return this.#texts[place]!;
  }

  #placeOf(tags: readonly string[]): number {
    let place = this.#places.get(tags);
    if (place === undefined) {
      place = this.#tags.push(tags) - 1;
      this.#texts.push(utf8.encode(this.#textOf(tags)));
      this.#places.set(tags, place);
    }
    return place;
  }
}

type Judgement = Pick<AnsweredWindow, 'completeness' | 'final' | 'revision'>;

/** The text of how a window is judged, encoded and kept: most are judged as the one before. */
export class JudgementText {
  readonly #textOf: (window: Judgement) => string;
  #completeness = Number.NaN;
  #final = false;
  #revision = Number.NaN;
  #text: Uint8Array = NOTHING;

  constructor(textOf: (window: Judgement) => string) {
    this.#textOf = textOf;
  }

  of(window: Judgement): Uint8Array {
    const { completeness, final, revision } = window;
    if (completeness !== this.#completeness || revision !== this.#revision || final !== this.#final) {
      this.#text = utf8.encode(this.#textOf(window));
      this.#completeness = completeness;
      this.#final = final;
      this.#revision = revision;
    }
    return this.#text;
  }
}

/** Writes the statistics of a query, of one slot of a table after the other. */
export class StatsWriter {
  readonly stats: SlotStats;
  readonly #table: StatsTable;
  readonly #query: Pick<ViewQuery, 'stats' | 'metric'>;
  readonly #quick: readonly (QuickText | undefined)[];

  constructor(table: StatsTable, query: Pick<ViewQuery, 'stats' | 'metric'>) {
    this.stats = new SlotStats(table);
    this.#table = table;
    this.#query = query;
    this.#quick = query.stats.map(quickTextOf);
  }

  /** Writes the i-th statistic of a slot; where it has no value, `none`. */
  write(out: TextWriter, i: number, slot: number, none: string): void {
    const { stats, metric } = this.#query;
    const quick = this.#quick[i];
    if (quick !== undefined && quick(out, this.#table, slot, metric)) return;
    out.ascii(stats[i]!.compute(this.stats.at(slot), metric) ?? none);
  }
}
