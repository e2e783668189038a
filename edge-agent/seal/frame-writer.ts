import { strict as assert } from 'node:assert';
import { FRAME_PANES_HELD_MAX, type HeldContent, heldPanes } from '#core/fold/held-slices.ts';
import { type Amends, encodeAmend } from '#core/frames/amend-frame.ts';
import { encodeBirth, type PreviousIncarnation } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { FrameTooLarge } from '#core/frames/fault.ts';
import type { FrameMeta } from '#core/frames/header.ts';
import { FRAME_ENTRIES_MAX, TIME_MS_MAX } from '#core/frames/limits.ts';
import { encodePanes } from '#core/frames/panes-codec.ts';
import type { PaneColumns } from '#core/frames/panes.ts';
import { type FrameContent, pickEntries } from '#core/frames/pick-entries.ts';
import type { ReadingsRuns, SignedLinks } from '#core/frames/readings.ts';
import type { FrameSpan } from '#core/ledger/frame-spans.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { Amend, Amendment } from '../accept/amend.ts';
import { signedLinks } from './runs-builder.ts';
import { splitPanes, splitRuns } from './split-runs.ts';

/**
 * Entries of one birth, as long as their names are short; with long ones it is divided. Claims of series are kept in few
 * records, each of which is written once for a birth: it is cheap by the entry where there are many.
 */
const BIRTH_ENTRIES_MAX = 2_048;
/** Amends of one frame; each brings up to four links. Should their numbers be wide, it is divided. */
const AMENDS_MAX = 2048;

assert(BIRTH_ENTRIES_MAX <= FRAME_ENTRIES_MAX, 'what is tried fits into a frame of short names');

/** A frame with its number. */
export interface NumberedFrame {
  readonly incarnation: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** How many readings it holds one by one. */
  readonly readings: number;
  /** The event time that its readings and intervals reach, both ends included; null of a birth. */
  readonly extent: FrameExtent | null;
}

type FrameExtent = Pick<FrameSpan, 'earliestMs' | 'latestMs'>;

/** Encodes frames and numbers them, without gaps, in the order in which they are made. */
export class FrameWriter {
  readonly incarnation: number;
  #sequence = 0;
  #announced = 0;
  #revision: number;
  readonly #previous: PreviousIncarnation | null;
  readonly #entries: readonly SeriesEntry[];
  #watermarkMs: number | null = null;
  #frames: NumberedFrame[] = [];
  readonly #apart = new Set<number>();

  /** `entries` is the dictionary as it grows; `revision` the highest pane revision that an earlier incarnation gave. */
  constructor(
    incarnation: number,
    previous: PreviousIncarnation | null,
    entries: readonly SeriesEntry[],
    revision: number,
  ) {
    this.#entries = entries;
    this.incarnation = incarnation;
    this.#previous = previous;
    this.#revision = revision;
  }

  /** Highest pane revision given: they grow over all panes, so the later of two amends of a pane has the higher one. */
  get revision(): number {
    return this.#revision;
  }

  /** Number of the last frame made, 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Event time before which no more readings are expected, once what is being written has been sent. */
  set watermarkMs(watermarkMs: number | null) {
    this.#watermarkMs = watermarkMs;
  }

  /** The server has refused these entries: what is said of them goes in frames of its own, and costs no other series. */
  setApart(entries: readonly number[]): void {
    for (const entry of entries) this.#apart.add(entry);
  }

  /** Makes frames of what was in one before. */
  again(content: FrameContent): void {
    switch (content.kind) {
      case 'readings':
        return this.readings(content.runs);
      case 'panes':
        return this.panes(content.panes);
      case 'amend':
        this.#announce();
        return this.#parts(content, (part) => part.kind === 'amend' && this.#amendColumns(part.amends));
    }
  }

  readings(runs: ReadingsRuns): void {
    this.#announce();
    this.#parts({ kind: 'readings', runs }, (part) => part.kind === 'readings' && this.#readings(part.runs));
  }

  panes(panes: PaneColumns): void {
    this.#announce();
    this.#parts({ kind: 'panes', panes }, (part) => part.kind === 'panes' && this.#panes(part.panes));
  }

  #parts(content: FrameContent, write: (part: FrameContent) => void): void {
    const parts =
      this.#apart.size === 0
        ? [content]
        : [true, false].map((isApart) => pickEntries(content, (entry) => this.#apart.has(entry) === isApart));
    for (const part of parts) if (part !== undefined) write(part);
  }

  #readings(runs: ReadingsRuns): void {
    this.#divided(
      runs,
      (meta, some) => {
        const { earliestMs, latestMs } = runsExtent(some);
        // One reading is never divided, whatever it changes.
        if (some.timeMs.length > 1) this.#checkHeld({ kind: 'readings', reader: some }, latestMs - earliestMs);
        return encodeReadings(meta, some);
      },
      (some) => splitRuns(some),
      runsExtent,
      () => undefined,
      ({ timeMs }) => timeMs.length,
    );
  }

  #panes(panes: PaneColumns): void {
    this.#divided(
      panes,
      (meta, some) => {
        if (some.count > 1) this.#checkHeld({ kind: 'panes', panes: some }, 0);
        return encodePanes(meta, some);
      },
      (some) => splitPanes(some),
      panesExtent,
    );
  }

  #checkHeld(content: HeldContent, rangeMs: number): void {
    const panes = heldPanes(content, rangeMs, this.#entries);
    if (panes > FRAME_PANES_HELD_MAX) throw new FrameTooLarge('panes of held values', panes, FRAME_PANES_HELD_MAX);
  }

  amends(amends: readonly Amend[]): void {
    this.#announce();
    const isApart = ({ amendment }: Amend): boolean => this.#apart.has(amendment.entry);
    if (this.#apart.size > 0) this.#amends(amends.filter(isApart));
    this.#amends(amends.filter((amend) => !isApart(amend)));
  }

  /** What was in one frame, or part of it, fits into one; it keeps its revisions. */
  #amendColumns(amends: Amends): void {
    const extent = new Reach();
    for (let i = 0; i < amends.count; i++) {
      extent.take(amends.paneStartMs[i]!);
      extent.take(amends.paneStartMs[i]! + amends.paneMs[i]! - 1);
    }
    this.#number((meta) => encodeAmend(meta, amends), extent.withLinks(amends.links));
  }

  #amends(amends: readonly Amend[]): void {
    for (let from = 0; from < amends.length; from += AMENDS_MAX) {
      this.#divided<readonly Amend[]>(
        amends.slice(from, from + AMENDS_MAX),
        (meta, some) => encodeAmend(meta, amendColumns(some, this.#revision)),
        halves,
        amendsExtent,
        (some) => (this.#revision += some.length),
      );
    }
  }

  /** The frames made since the last call of `take`. */
  get made(): readonly NumberedFrame[] {
    return this.#frames;
  }

  /** The frames made since the last call. */
  take(): readonly NumberedFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  /** Announces the entries that no birth of this incarnation has named; its first one restates all. */
  #announce(): void {
    while (this.#announced < this.#entries.length) {
      this.#divided<readonly SeriesEntry[]>(
        this.#entries.slice(this.#announced, this.#announced + BIRTH_ENTRIES_MAX),
        ({ dictionaryVersion: firstIndex, ...meta }, entries) => {
          const previous = firstIndex === 0 ? this.#previous : null;
          const dictionaryVersion = firstIndex + entries.length;
          return encodeBirth({ ...meta, dictionaryVersion }, { firstIndex, entries, previous });
        },
        halves,
        () => null,
        (entries) => (this.#announced += entries.length),
      );
    }
  }

  /**
   * Makes a frame of `content`, or, where that is more than one frame holds, of its halves, and so on: what was accepted
   * is always sent. `made` is told what went into each frame.
   */
  #divided<Content>(
    content: Content,
    encode: (meta: FrameMeta, content: Content) => Uint8Array,
    halve: (content: Content) => readonly [Content, Content],
    extentOf: (content: Content) => FrameExtent | null,
    made: (content: Content) => void = () => undefined,
    readingsOf: (content: Content) => number = () => 0,
  ): void {
    try {
      this.#number((meta) => encode(meta, content), extentOf(content), readingsOf(content));
    } catch (error) {
      if (!(error instanceof FrameTooLarge)) throw error;
      for (const half of halve(content)) this.#divided(half, encode, halve, extentOf, made, readingsOf);
      return;
    }
    made(content);
  }

  #number(encode: (meta: FrameMeta) => Uint8Array, extent: FrameExtent | null, readings = 0): void {
    const sequence = this.#sequence + 1;
    const { incarnation } = this;
    const bytes = encode({ incarnation, sequence, dictionaryVersion: this.#announced, watermarkMs: this.#watermarkMs });
    this.#sequence = sequence;
    this.#frames.push({ incarnation, sequence, bytes, readings, extent });
  }
}

/** The times of a run ascend, so its ends are enough. */
function runsExtent({ runCount, length, timeMs, anchored, anchorTimeMs, links }: ReadingsRuns): FrameExtent {
  const extent = new Reach();
  for (let run = 0, from = 0; run < runCount; from += length[run]!, run++) {
    extent.take(timeMs[from]!);
    extent.take(timeMs[from + length[run]! - 1]!);
    if (anchored[run] === 1) extent.take(anchorTimeMs[run]!);
  }
  return extent.withLinks(links);
}

function panesExtent({ count, startMs, spanMs, anchored, anchorTimeMs, links }: PaneColumns): FrameExtent {
  const extent = new Reach();
  for (let i = 0; i < count; i++) {
    extent.take(startMs[i]!);
    extent.take(startMs[i]! + spanMs[i]! - 1);
    if (anchored[i] === 1) extent.take(anchorTimeMs[i]!);
  }
  return extent.withLinks(links);
}

function amendsExtent(amends: readonly Amend[]): FrameExtent {
  const extent = new Reach();
  for (const { amendment, links } of amends) {
    extent.take(amendment.paneStartMs);
    extent.take(amendment.paneStartMs + amendment.paneMs - 1);
    for (const { fromMs, toMs } of links) {
      extent.take(fromMs);
      extent.take(toMs);
    }
  }
  return extent;
}

/** The event time that something reaches, as it is told bit by bit. */
class Reach implements FrameExtent {
  earliestMs = TIME_MS_MAX;
  latestMs = -TIME_MS_MAX;

  take(atMs: number): void {
    if (atMs < this.earliestMs) this.earliestMs = atMs;
    if (atMs > this.latestMs) this.latestMs = atMs;
  }

  withLinks({ fromMs, toMs }: SignedLinks): this {
    for (const at of fromMs) this.take(at);
    for (const at of toMs) this.take(at);
    return this;
  }
}

function halves<One>(list: readonly One[]): readonly [readonly One[], readonly One[]] {
  assert(list.length > 1, 'one amend, and one entry, fits into a frame');
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}

function amendColumns(amends: readonly Amend[], revision: number): Amends {
  const amendments = amends.map(({ amendment }) => amendment);
  const column = (of: (amendment: Amendment) => number): Float64Array => Float64Array.from(amendments, of);
  return {
    count: amendments.length,
    entry: Int32Array.from(amendments, (one) => one.entry),
    timeMs: column((one) => one.timeMs),
    oldValue: column((one) => one.oldValue),
    newValue: column((one) => one.newValue),
    paneStartMs: column((one) => one.paneStartMs),
    paneMs: column((one) => one.paneMs),
    revision: Float64Array.from(amendments, (_, i) => revision + i + 1),
    minAfter: column((one) => one.after.min),
    maxAfter: column((one) => one.after.max),
    firstMsAfter: column((one) => one.after.firstMs),
    firstValueAfter: column((one) => one.after.firstValue),
    lastMsAfter: column((one) => one.after.lastMs),
    lastValueAfter: column((one) => one.after.lastValue),
    links: signedLinks(amends.flatMap(({ links }) => links)),
  };
}
