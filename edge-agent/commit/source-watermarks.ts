import type { TableOperation } from '#backbone/table/table.ts';
import type { SeriesJournal } from '../journal/series-journal.ts';
import type { EndedSeries } from './ended-series.ts';
import type { Speakers } from './speakers.ts';

/** How finely time passes for an agent of which nothing is expected: each step is a record of the log. */
const ENDED_STEP_MS = 60_000;

export interface SourceWatermarksOptions {
  readonly speakers: Speakers;
  readonly ended: EndedSeries;
  /** The journal's memory as it grows. */
  readonly journals: readonly SeriesJournal[];
  /** ms since 1970. */
  readonly nowMs: () => number;
}

/**
 * How far each source is through event time. The slowest holds back what the agent says of itself, as long as anything is
 * expected of it: of a source that has spoken of ended series alone, nothing is until it speaks of one that isn't.
 */
export class SourceWatermarks {
  readonly #options: SourceWatermarksOptions;
  /** By source that has not ended; null before it has told its own. */
  readonly #told = new Map<string, number | null>();
  #highestMs: number | null;
  #hasEnded = false;
  /** Sources of which nothing is expected, and when to look again. */
  #silent: ReadonlySet<string> = new Set();
  #looked = { changes: 0, untilMs: Number.POSITIVE_INFINITY };

  constructor(options: SourceWatermarksOptions, highestMs: number | null) {
    this.#options = options;
    this.#highestMs = highestMs;
  }

  /** Highest event time that any source has delivered, null before the first. */
  get highestMs(): number | null {
    return this.#highestMs;
  }

  /** A source that may still deliver holds the watermark back until it tells its own. */
  expect(source: string): void {
    this.#told.set(source, null);
  }

  /** The source delivers nothing more in this run: it no longer holds the watermark back. */
  end(source: string): void {
    this.#told.delete(source);
    this.#hasEnded = true;
  }

  /** A batch of a source was accepted: which series it speaks of, and how far it is through. */
  note(source: string, series: Int32Array, watermarkMs: number | null): void {
    if (this.#options.speakers.note(source, series)) this.#looked.untilMs = Number.NEGATIVE_INFINITY;
    if (watermarkMs === null) return;
    this.#told.set(source, watermarkMs);
    this.#highestMs = Math.max(watermarkMs, this.#highestMs ?? watermarkMs);
  }

  /** The writes that make durable which source speaks of which series. */
  record(): readonly TableOperation[] {
    return this.#options.speakers.record();
  }

  /** Event time that all sources are through; null where one of them hasn't told. */
  lowestMs(): number | null {
    const silent = this.#silentSources();
    const open = [...this.#told].filter(([source]) => !silent.has(source)).map(([, watermarkMs]) => watermarkMs);
    if (open.length > 0) return open.includes(null) ? null : Math.min(...(open as number[]));
    // What has ended for now may go on where it was at the next start.
    if (this.#hasEnded || this.#told.size === 0) return this.#highestMs;
    const passedMs = Math.floor(this.#options.nowMs() / ENDED_STEP_MS) * ENDED_STEP_MS;
    return Math.max(passedMs, this.#highestMs ?? passedMs);
  }

  /** Of which no reading is expected: every series is ended of which they spoke last, and none might be theirs that isn't. */
  #silentSources(): ReadonlySet<string> {
    const { ended, nowMs } = this.#options;
    const { changes } = ended;
    if (changes !== this.#looked.changes || (!ended.isEmpty && nowMs() >= this.#looked.untilMs)) this.#look(changes);
    return this.#silent;
  }

  #look(changes: number): void {
    const { journals, speakers, ended, nowMs } = this.#options;
    const atMs = nowMs();
    const spoken = new Set<string>();
    const expected = new Set<string | undefined>();
    let untilMs = Number.POSITIVE_INFINITY;
    if (!ended.isEmpty) {
      for (const [series, { lastMs }] of journals.entries()) {
        if (lastMs === Number.NEGATIVE_INFINITY) continue;
        const speaker = speakers.of(series);
        const fromMs = ended.fromMs(series);
        if (speaker !== undefined) spoken.add(speaker);
        if (fromMs <= atMs) continue;
        expected.add(speaker);
        untilMs = Math.min(untilMs, fromMs);
      }
    }
    // A series of which nobody knows the source may be any's.
    this.#silent = expected.has(undefined) ? new Set() : spoken.difference(expected);
    this.#looked = { changes, untilMs };
  }
}
