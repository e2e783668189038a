import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { LiveWatermark } from '../live/live-batch.ts';
import { checkDistinct, checkMetrics, seriesMade } from '../rows/row-references.ts';
import { SourceError } from '../source-error.ts';
import type { SourceKindDefinition, SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import { type Answer, ask } from './answer.ts';
import { REFUSED_MS_MAX, REFUSED_MS_MIN, RETRY_AFTER_SPREAD_MS, RETRY_MS_MAX, RETRY_MS_MIN } from './limits.ts';
import { PageReader } from './page-reader.ts';
import { Paging, type ReadPage } from './paging.ts';
import { PollError } from './poll-error.ts';
import { describePoll, pollSchema, type PollSection, sinceMs } from './poll-section.ts';
import { RangeText } from './range-text.ts';
import { readRequestSecrets, type RequestSecrets } from './request-headers.ts';
import { fillUrl, placesIn, serviceName } from './service-url.ts';

/** What is asked, beside what every source is given. */
export interface PollSourceOptions extends Omit<SourceOptions, 'stdin'> {
  readonly name: string;
  readonly section: PollSection;
  /** Waits so many ms, or until the signal. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Other than SILENCE_TIMEOUT_MS, where a test wants to reach it. */
  readonly silenceMs?: number;
}

const checkpointSchema = z.strictObject({
  version: z.literal(1),
  /** Up to which time everything was asked for and read; null before the first range was. */
  readToMs: z.int().nullable(),
  /** The highest event time in it. */
  highestMs: z.int().nullable(),
});

type PollCheckpoint = z.output<typeof checkpointSchema>;

/** A range of time that is asked for, in as many pages as it has. */
interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * A service that is asked again and again for what lies behind it, by HTTP (docs/design.md#poll): from `overlap` before
 * the time up to which everything was read, so that what it publishes late or corrects is read too; what is known by then is
 * a repeat. A long time, as that of the first poll may be, is asked for in steps.
 *
 * The checkpoint is the time up to which everything was read. Within a range it stays where it was: taken up again there, a
 * range that was not finished is read once more from its first page, since a service's pages shift while nobody looks.
 *
 * What may pass by itself is asked again, later each time; a refusal that only a person can do something about ends it if it
 * comes before anything else, and is told and asked again rarely if it comes later.
 */
export class PollSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  readonly #options: PollSourceOptions;
  readonly #section: PollSection;
  readonly #rangeText: RangeText;
  readonly #hasRange: boolean;
  readonly #watermark: LiveWatermark;
  readonly #pause: (ms: number, signal: AbortSignal) => Promise<void>;
  #reader: PageReader | null = null;
  #readToMs: number | null = null;
  #highestMs: number | null = null;
  #hasRead = false;
  /** Failures that may pass, since the last page; refusals, since the last range that was read whole. */
  #failures = 0;
  #refusals = 0;

  constructor(options: PollSourceOptions) {
    const { name, section, nowMs } = options;
    this.name = name;
    this.#options = options;
    this.#section = section;
    this.#rangeText = new RangeText(section.range.format, section.range.zone);
    this.#hasRange = placesIn(section.url).has('from');
    this.#watermark = new LiveWatermark(section.lateness, nowMs);
    this.#pause = options.pause ?? pause;
  }

  async inspect(): Promise<void> {
    await readRequestSecrets(this.#section, this.#options.folder);
  }

  remarks(): readonly string[] {
    return this.#reader?.remarks() ?? [];
  }

  /** Asks until the signal; who only looks is given one page. Throws SourceError for a refusal that needs a person. */
  async *batches(from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const { nowMs, isPreview = false } = this.#options;
    const left = from === null ? null : this.#taken(from);
    this.#hasRead = left !== null;
    this.#readToMs = left?.readToMs ?? null;
    this.#highestMs = left?.highestMs ?? null;
    if (this.#highestMs !== null) this.#watermark.reach(this.#highestMs);
    const reader = new PageReader(this.#options, this.#highestMs);
    this.#reader = reader;
    for (let startMs = nowMs(); !signal.aborted; startMs = nowMs()) {
      yield* this.#poll(reader, startMs, signal);
      if (isPreview || signal.aborted) return;
      await this.#pause(Math.max(0, startMs + this.#section.every - nowMs()), signal);
    }
  }

  /** Reads up to a time, step by step, however often that has to be tried. */
  async *#poll(reader: PageReader, endMs: number, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const { step } = this.#section.range;
    const isPreview = this.#options.isPreview === true;
    let fromMs = this.#startMs(endMs);
    do {
      // The last one is what a preview shows.
      if (isPreview) fromMs = Math.max(fromMs, endMs - step);
      const range = { fromMs, toMs: this.#hasRange ? Math.min(fromMs + step, endMs) : endMs };
      try {
        yield* this.#range(reader, range, signal);
        fromMs = range.toMs;
      } catch (error) {
        if (signal.aborted) return;
        await this.#waitAfter(this.#failureOf(error), signal);
      }
    } while (fromMs < endMs && !signal.aborted && !isPreview);
  }

  /** Where a poll begins. */
  #startMs(nowMs: number): number {
    const { since, overlap, range } = this.#section;
    if (!this.#hasRange) return nowMs;
    if (this.#readToMs !== null) return Math.min(this.#readToMs, nowMs) - overlap;
    return since === undefined
      ? nowMs - Math.max(overlap, this.#section.every)
      : Math.min(sinceMs(since, range.zone, nowMs), nowMs);
  }

  async *#range(reader: PageReader, range: Range, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    const { section, folder, isPreview = false } = this.#options;
    const secrets = await readRequestSecrets(section, folder);
    const text = this.#rangeText;
    const url = fillUrl(section.url, { from: text.from(range.fromMs), to: text.to(range.toMs), token: secrets.token });
    const paging = new Paging(section.pages, url);
    reader.begin();
    for (let next: URL | null = paging.first; next !== null && !signal.aborted;) {
      const answer: Answer = await this.#ask(next, secrets, signal);
      const page = reader.open(answer);
      let rows = 0;
      let last: ReadingBatch | undefined;
      for (const { batch, isLast } of page.batches()) {
        rows += batch.tallies.rows;
        if (isLast) last = batch;
        else yield this.#told(batch);
      }
      this.#succeeded();
      const after = isPreview ? null : nextOf(paging, { ...page, ...answer, rows });
      if (after === null) {
        this.#finish(range, reader);
        last = reader.end(last);
      }
      if (last !== undefined) yield this.#told(last);
      if (after instanceof PollError) throw after;
      next = after;
    }
  }

  /** Asks for one page, again and again where that may help. */
  async #ask(url: URL, { headers, secrets }: RequestSecrets, signal: AbortSignal): Promise<Answer> {
    const { nowMs, silenceMs } = this.#options;
    for (;;) {
      try {
        return await ask(url, { headers, secrets, signal, nowMs, ...(silenceMs === undefined ? {} : { silenceMs }) });
      } catch (error) {
        if (!(error instanceof PollError) || !error.retryable) throw error;
        await this.#waitAfter(error, signal);
        signal.throwIfAborted();
      }
    }
  }

  /** What is to be waited after. A file with secrets may be written anew while the source runs. */
  #failureOf(error: unknown): PollError {
    if (error instanceof PollError) return error;
    if (!(error instanceof SourceError) || error.sourceFault !== 'unreadable' || !this.#hasRead) throw error;
    return PollError.lasting(`${error.subject} ${error.value}`, error.remedy);
  }

  /** Tells what has failed, and waits before it is tried again. Throws SourceError where that is for a person to decide. */
  async #waitAfter(error: PollError, signal: AbortSignal): Promise<void> {
    const { name, logger, isPreview = false } = this.#options;
    const { reason, remedy } = error;
    const service = serviceName(this.#section.url);
    if (isPreview || (remedy !== undefined && !this.#hasRead)) {
      const fault = remedy === undefined ? 'unreadable' : 'refused';
      throw new SourceError(
        fault,
        `service ${service}`,
        `gives nothing: ${reason}`,
        remedy ?? 'try again later',
        error,
      );
    }
    const againMs = this.#waitMs(error);
    if (remedy === undefined) this.#failures++;
    else this.#refusals++;
    const fact = { source: name, service, reason, ...(remedy === undefined ? {} : { remedy }), againMs };
    logger?.warn(fact, 'the service gives nothing; it is asked again');
    await this.#pause(againMs, signal);
  }

  /** How long to wait, not all at once where many have lost the same service. */
  #waitMs({ remedy, retryAfterMs = 0 }: PollError): number {
    const { random = Math.random } = this.#options;
    const firstMs = remedy === undefined ? RETRY_MS_MIN : Math.max(REFUSED_MS_MIN, this.#section.every);
    const mostMs = remedy === undefined ? RETRY_MS_MAX : Math.max(REFUSED_MS_MAX, this.#section.every);
    const before = remedy === undefined ? this.#failures : this.#refusals;
    const longestMs = Math.min(mostMs, firstMs * 2 ** Math.min(before, 16));
    const backoffMs = longestMs / 2 + (random() * longestMs) / 2;
    const askedMs = retryAfterMs === 0 ? 0 : retryAfterMs + random() * RETRY_AFTER_SPREAD_MS;
    return Math.ceil(Math.max(backoffMs, askedMs));
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#tellMended();
    this.#failures = 0;
    this.#hasRead = true;
  }

  #tellMended(): void {
    const { name, logger } = this.#options;
    logger?.info({ source: name, service: serviceName(this.#section.url) }, 'the service answers again');
  }

  /** Everything up to the end of a range was read: only now, since services commonly give the newest rows first. */
  #finish({ toMs }: Range, { highestMs }: PageReader): void {
    if (this.#refusals > 0) this.#tellMended();
    this.#refusals = 0;
    this.#readToMs = Math.max(this.#readToMs ?? toMs, toMs);
    this.#highestMs = highestMs;
    if (highestMs !== null) this.#watermark.reach(highestMs);
  }

  /** A batch with what it says of the source. */
  #told(batch: ReadingBatch): ReadingBatch {
    const checkpoint: PollCheckpoint = { version: 1, readToMs: this.#readToMs, highestMs: this.#highestMs };
    return { ...batch, checkpoint, watermarkMs: this.#watermark.ms };
  }

  #taken(checkpoint: SourceCheckpoint): PollCheckpoint {
    const read = checkpointSchema.safeParse(checkpoint);
    if (read.success) return read.data;
    const isKnown = checkpoint['version'] === 1;
    throw new SourceError(
      'checkpoint',
      `source ${this.name}`,
      isKnown
        ? 'was left at a checkpoint that is damaged'
        : 'was left at a checkpoint that is none of a polled service',
      'use the version that wrote it, or give the source another name to read from its start',
    );
  }
}

/** Where the next page is, or why there is none: what this one held is delivered before that is said. */
function nextOf(paging: Paging, page: ReadPage): URL | PollError | null {
  try {
    return paging.next(page);
  } catch (error) {
    if (error instanceof PollError) return error;
    throw error;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Services that are asked by HTTP, in JSON or CSV. */
export const POLL: SourceKindDefinition<PollSection> = {
  schema: pollSchema,
  supports: () => ({ nature: 'live', resumes: true, answers: true }),
  describe: describePoll,
  faults: (section, metricNames) => [...checkMetrics(section, metricNames), ...checkDistinct(section)],
  makes: seriesMade,
  open: (name, section, options) => new PollSource({ ...options, name, section }),
};
