import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { FeedMark, GoneSlice, SliceFeed, SliceFollower, SlicePiece } from '#backbone/answers/slice-feed.ts';
import type { Table } from '#backbone/table/table.ts';
import { reasonOf, WeirError } from '#core/errors.ts';
import type { View } from '#core/views/view.ts';
import { KeptMarks } from '../kept-marks.ts';
import { pauseMs } from '../retry-pace.ts';
import type { RebuildOutcome, StoreStatus } from '../store-status.ts';
import { type InfluxAddress, InfluxBucket } from './influx-bucket.ts';
import { InfluxAway, InfluxNotFilled, InfluxRefusal, InfluxTokenUnreadable } from './influx-errors.ts';
import { LineBatches } from './line-batches.ts';
import { LineWriter, type PointField, shownTag } from './line-writer.ts';

/** How often changes are told: a slice that is measured now changes many times a second. */
const ROUND_EVERY_MS = 1_000;
/** How often marks are kept: a crash repeats what was told after the last. */
const KEEP_EVERY_MS = 5_000;
/** Lines that are written between two looks at the clock, and how long others wait for their turn. */
const LINES_PER_LOOK = 64;
const TURN_MS = 8;
/** How often a rebuild says how far it is. */
const PROGRESS_EVERY_MS = 200;
/** Points that are known not to be there; when full, all are forgotten, and removed once more where they may be there. */
const ABSENT_MAX = 65_536;
/** How long what is under way may take when the server stops. */
const STOP_TIMEOUT_MS = 5_000;

export interface InfluxStoreOptions {
  readonly address: InfluxAddress;
  /** What of a slice is written; points that have other fields are written anew. */
  readonly fields: readonly PointField[];
  readonly feed: SliceFeed;
  readonly views: readonly string[];
  /** Where marks are kept; the caller's. */
  readonly table: Table;
  /** Wall clock, in ms. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly logger: Logger;
}

interface Following {
  readonly view: string;
  readonly follower: SliceFollower;
  writer: LineWriter | undefined;
  /** Points that were removed, and not written since: a removal is dear, and a slice that never was may be told as gone with every round. */
  readonly absent: Set<string>;
}

/**
 * Keeps every slice of every view as a point of an InfluxDB bucket, beside the serving layer and never in its way: what
 * changes while InfluxDB is away is remembered by its place, in a fixed amount of memory, and told by its state then.
 * Marks are kept after what they speak of was acknowledged, so that a crash repeats some points and leaves out none.
 */
export class InfluxStore implements AsyncDisposable {
  readonly name = 'influx';
  readonly #options: InfluxStoreOptions;
  readonly #bucket: InfluxBucket;
  readonly #marks: KeptMarks;
  readonly #following: Following[] = [];
  /** The store is to end: no pause any more, what is left is told once. */
  readonly #ending = new AbortController();
  /** Nothing is waited for any more. */
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;
  #isChanged = true;
  #keptAtMs = 0;
  #written = 0;
  #forgotten = 0;
  #failures = 0;
  #failuresInRow = 0;
  #failure: { readonly reason: string; readonly retryAtMs: number } | undefined;
  /** Since when something waits to be told; undefined while nothing does. */
  #behindSinceMs: number | undefined;

  private constructor(options: InfluxStoreOptions, bucket: InfluxBucket, marks: KeptMarks) {
    this.#options = options;
    this.#bucket = bucket;
    this.#marks = marks;
    for (const view of options.views) {
      const follower = options.feed.follow(view, marks.of(view), () => this.#hear());
      this.#following.push({ view, follower, writer: undefined, absent: new Set() });
    }
    this.#running = this.#run();
  }

  /** Begins to follow the views, from where the marks end. InfluxDB need not be there. */
  static async start(options: InfluxStoreOptions): Promise<InfluxStore> {
    const bucket = new InfluxBucket(options.address);
    const place = JSON.stringify([bucket.identity, options.fields.toSorted()]);
    return new InfluxStore(options, bucket, await KeptMarks.open(options.table, place));
  }

  status(): StoreStatus {
    const untold = this.#following.reduce((sum, { follower }) => sum + follower.untold, 0);
    const isWhole = this.#following.every(({ follower }) => follower.isWhole);
    const failure = this.#failure;
    return {
      store: this.name,
      url: this.#bucket.url,
      state: failure !== undefined ? 'failing' : isWhole ? 'following' : 'filling',
      untold: Number.isFinite(untold) ? untold : null,
      behindSeconds:
        this.#behindSinceMs === undefined ? 0 : Math.max(0, (this.#options.clock() - this.#behindSinceMs) / 1_000),
      written: this.#written,
      forgotten: this.#forgotten,
      failures: this.#failures,
      ...(failure === undefined ? {} : { failure: failure.reason, retryAt: new Date(failure.retryAtMs).toISOString() }),
    };
  }

  /** Removes all points of the views and writes them anew; resolves when the store has been told everything. Throws InfluxNotFilled. */
  async rebuild(progress: (state: object) => void): Promise<RebuildOutcome> {
    const { clock } = this.#options;
    const startedMs = clock();
    const writtenBefore = this.#written;
    for (const { follower } of this.#following) follower.restart();
    while (!this.#following.every(({ follower }) => follower.isWhole)) {
      if (this.#ending.signal.aborted) throw new InfluxNotFilled(this.#bucket.url);
      const failure = this.#failure;
      progress({
        label: failure === undefined ? 'slices written' : failure.reason,
        done: this.#written - writtenBefore,
      });
      await this.#pause(PROGRESS_EVERY_MS);
    }
    return { store: this.name, slices: this.#written - writtenBefore, seconds: (clock() - startedMs) / 1_000 };
  }

  /** Tells what is left where that is quickly done, and keeps the marks. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), this.#failure === undefined ? STOP_TIMEOUT_MS : 0);
    this.#ending.abort();
    this.#wake();
    await this.#running;
    clearTimeout(timer);
    for (const { follower } of this.#following) follower[Symbol.dispose]();
    this.#bucket[Symbol.dispose]();
  }

  #hear(): void {
    this.#isChanged = true;
    this.#behindSinceMs ??= this.#options.clock();
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (!this.#isChanged && !this.#ending.signal.aborted)
        await new Promise<void>((resolve) => (this.#wake = resolve));
      try {
        await this.#round();
        this.#succeed();
        if (this.#ending.signal.aborted) break;
        await this.#pause(ROUND_EVERY_MS);
      } catch (failure) {
        if (this.#ending.signal.aborted) break;
        const pause = this.#fail(failure);
        await this.#keepMarks(KEEP_EVERY_MS);
        await this.#pause(pause);
      }
    }
    await this.#keepMarks(0);
  }

  /** Tells everything that there is to tell. */
  async #round(): Promise<void> {
    this.#isChanged = false;
    const heardAtMs = this.#options.clock();
    const batches = new LineBatches(this.#bucket, this.#stop.signal, (points, written) => {
      this.#written += points;
      if (written.kind === 'forgotten') this.#noteForgotten(written.points);
      this.#succeed();
    });
    try {
      for (let isAny = true; isAny;) {
        isAny = false;
        for (const one of this.#following) isAny = (await this.#tellOne(one, batches)) || isAny;
        if (this.#stop.signal.aborted) break;
        await this.#keepMarks(KEEP_EVERY_MS);
      }
      await batches.finish();
    } catch (failure) {
      await batches.giveUp();
      throw failure;
    }
    this.#behindSinceMs = this.#isChanged ? heardAtMs : undefined;
    await this.#keepMarks(KEEP_EVERY_MS);
  }

  /** Tells a piece of a view; false where there is none. */
  async #tellOne(one: Following, batches: LineBatches): Promise<boolean> {
    const { follower, view } = one;
    if (follower.followed === undefined) return false;
    if (follower.startsOver) {
      // Nothing that was sent before may arrive after it.
      await batches.finish();
      await this.#bucket.clear(view, this.#stop.signal);
      follower.cleared();
      one.writer = undefined;
    }
    const piece = await follower.next();
    if (piece === undefined) return false;
    one.writer ??= new LineWriter(follower.followed, this.#options.fields);
    try {
      await this.#write(piece, one.writer, one.absent, batches);
      await this.#remove(piece.gone, one, follower.followed.view, batches);
    } catch (failure) {
      piece.putBack();
      throw failure;
    }
    batches.end(piece);
    return true;
  }

  async #write(piece: SlicePiece, writer: LineWriter, absent: Set<string>, batches: LineBatches): Promise<void> {
    let sinceMs = performance.now();
    let lines = 0;
    for (const slice of piece.slices()) {
      const line = writer.line(slice);
      if (line !== undefined) batches.add(line);
      if (absent.size > 0) absent.delete(nameOf(slice));
      if (batches.isFull) await batches.send();
      if (++lines % LINES_PER_LOOK === 0 && performance.now() - sinceMs > TURN_MS) {
        await nextTurn();
        sinceMs = performance.now();
      }
    }
  }

  /** Removes the points of slices that hold nothing any more. Those of a group without one of its tags can't be named, and stay. */
  async #remove(
    gone: readonly GoneSlice[],
    { view, absent }: Following,
    { by, sliceMs }: View,
    batches: LineBatches,
  ): Promise<void> {
    const there = gone.filter((slice) => !absent.has(nameOf(slice)) && !slice.tags.includes(''));
    if (there.length === 0) return;
    // Nothing that was sent before may arrive after it.
    await batches.finish();
    for (const stretch of stretchesOf(there, sliceMs)) {
      const [first] = stretch;
      const tags = by.map((name, i) => [shownTag(name), shownTag(first!.tags[i]!)] as const);
      const span = { fromMs: first!.startMs, toMs: stretch.at(-1)!.startMs + sliceMs };
      await this.#bucket.remove(view, tags, span, this.#stop.signal);
      if (absent.size + stretch.length > ABSENT_MAX) absent.clear();
      for (const slice of stretch) absent.add(nameOf(slice));
    }
  }

  #succeed(): void {
    if (this.#failure !== undefined)
      this.#options.logger.info({ url: this.#bucket.url }, 'InfluxDB takes points again');
    this.#failure = undefined;
    this.#failuresInRow = 0;
  }

  /** Takes note of a failure; gives how long to wait, in ms. */
  #fail(failure: unknown): number {
    const { clock, random, logger } = this.#options;
    const reason = reasonOf(failure);
    this.#isChanged = true;
    // What is told was replaced meanwhile, or too much else is asked: InfluxDB has no part in it.
    if (!isOfInflux(failure) && failure instanceof WeirError && failure.retryable) return ROUND_EVERY_MS;
    this.#failures++;
    this.#failuresInRow++;
    const retryAfterMs = failure instanceof InfluxAway ? failure.retryAfterMs : undefined;
    const pause = pauseMs(this.#failuresInRow, random(), retryAfterMs);
    if (this.#failure?.reason !== reason) logger.warn({ reason }, 'InfluxDB could not be told');
    this.#failure = { reason, retryAtMs: clock() + pause };
    return pause;
  }

  #noteForgotten(points: number): void {
    if (this.#forgotten === 0)
      this.#options.logger.warn(
        { points },
        'InfluxDB does not keep points that are older than the retention of the bucket; give it a longer one where they are wanted',
      );
    this.#forgotten += points;
  }

  /** Keeps marks, where the last were kept that long ago. What can't be kept now is kept the next time: older marks hold. */
  async #keepMarks(everyMs: number): Promise<void> {
    const now = this.#options.clock();
    if (now - this.#keptAtMs < everyMs) return;
    this.#keptAtMs = now;
    const marks = new Map<string, FeedMark>();
    for (const { view, follower } of this.#following) {
      const mark = follower.mark();
      if (mark !== undefined) marks.set(view, mark);
    }
    try {
      await this.#marks.put(marks);
    } catch (failure) {
      this.#options.logger.warn({ reason: reasonOf(failure) }, 'how far InfluxDB has been told could not be kept');
    }
  }

  /** Waits; no longer once the store is to end. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}

function isOfInflux(failure: unknown): boolean {
  return failure instanceof InfluxAway || failure instanceof InfluxRefusal || failure instanceof InfluxTokenUnreadable;
}

/** Slices, in the order of their starts, of a group and one behind the other, as stretches: each is removed in the time that one slice takes. */
function stretchesOf(slices: readonly GoneSlice[], sliceMs: number): readonly (readonly GoneSlice[])[] {
  const all: GoneSlice[][] = [];
  const last = new Map<string, GoneSlice[]>();
  for (const slice of slices) {
    const group = JSON.stringify(slice.tags);
    const stretch = last.get(group);
    if (stretch?.at(-1)!.startMs === slice.startMs - sliceMs) stretch.push(slice);
    else {
      const next = [slice];
      last.set(group, next);
      all.push(next);
    }
  }
  return all;
}

function nameOf({ startMs, tags }: GoneSlice): string {
  return `${startMs} ${JSON.stringify(tags)}`;
}
