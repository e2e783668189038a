import { type FrameSpan, FrameSpans } from './frame-spans.ts';
import { IntervalSet } from './interval-set.ts';

/** Spans of outstanding frames that are kept per incarnation; beyond it neighbours are taken together. */
export const SPANS_KEPT = 64;
/** Gaps between numbers whose spans are looked at; with more of them, nothing is known of what is missing. */
const GAPS_LOOKED_AT_MAX = 64;

/** Event time in which something may be missing, both ends included. */
export interface Stain {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Frame numbers from `from` to `to`. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

export interface IncarnationSnapshot {
  readonly incarnation: number;
  readonly arrived: readonly number[];
  readonly quarantined: readonly number[];
  readonly known: number;
  readonly closed: boolean;
  readonly watermarkMs: number | null;
  readonly waiting: readonly (readonly [number, number])[];
  /** Absent in what earlier versions wrote. */
  readonly parked?: readonly number[];
  readonly outstanding?: readonly FrameSpan[];
  readonly givenUp?: readonly number[];
}

/** The frame numbers of one start of an agent: which have arrived, were refused, are missing, or are given up. */
export class Incarnation {
  readonly arrived: IntervalSet;
  readonly quarantined: IntervalSet;
  /** Highest number known to exist: seen, promised by a heartbeat, or named by the next incarnation. */
  known: number;
  closed: boolean;
  watermarkMs: number | null;
  readonly waiting: Map<number, number>;
  /** Numbers that are here but can't be folded before a birth; at most as many as an agent may have parked. */
  readonly parked: Set<number>;
  /** What heartbeats told of frames that had not been acknowledged. */
  readonly outstanding: FrameSpans;
  /** Numbers that nobody waits for any more, whether they came nevertheless or not. */
  readonly givenUp: IntervalSet;
  /** What has arrived or is given up: the same set as `arrived` until something is given up. */
  #closed: IntervalSet;

  constructor(from?: IncarnationSnapshot) {
    this.arrived = new IntervalSet(from?.arrived);
    this.quarantined = new IntervalSet(from?.quarantined);
    this.known = from?.known ?? 0;
    this.closed = from?.closed ?? false;
    this.watermarkMs = from?.watermarkMs ?? null;
    this.waiting = new Map(from?.waiting);
    this.parked = new Set(from?.parked);
    this.outstanding = new FrameSpans(SPANS_KEPT, from?.outstanding);
    this.givenUp = new IntervalSet();
    this.#closed = this.arrived;
    const edges = from?.givenUp ?? [];
    for (let i = 0; i < edges.length; i += 2) this.giveUp(edges[i]!, edges[i + 1]!);
  }

  /** Enters a number; false when it was there before. */
  arrive(sequence: number): boolean {
    if (!this.arrived.add(sequence)) return false;
    if (this.#closed !== this.arrived) this.#closed.add(sequence);
    return true;
  }

  /** Nobody waits for these numbers any more; those above the highest that is known stay as they are. */
  giveUp(from: number, to: number): void {
    const last = Math.min(to, this.known);
    if (from > last) return;
    if (this.#closed === this.arrived) this.#closed = new IntervalSet(this.arrived.snapshot());
    this.givenUp.addRange(from, last);
    this.#closed.addRange(from, last);
  }

  /** Numbers that are missing, and those that are given up and have not come, at most `limit` ranges of each. */
  missing(limit: number): readonly NumberRange[] {
    return this.#closed.gaps(this.known, limit);
  }

  lost(limit: number): readonly NumberRange[] {
    const edges = this.givenUp.snapshot();
    if (edges.length === 0) return [];
    const lost: NumberRange[] = [];
    for (const { from, to } of this.arrived.gaps(this.known, Number.POSITIVE_INFINITY)) {
      for (let i = 0; i < edges.length && lost.length < limit; i += 2) {
        const range = { from: Math.max(from, edges[i]!), to: Math.min(to, edges[i + 1]!) };
        if (range.from <= range.to) lost.push(range);
      }
    }
    return lost;
  }

  get lostCount(): number {
    return this.#closed === this.arrived ? 0 : countOf(this.#closed) - countOf(this.arrived);
  }

  get holes(): boolean {
    return this.#closed.contiguous < this.known || this.parked.size > 0;
  }

  /** All numbers up to this one are settled: folded, refused, or given up. */
  get settled(): number {
    return Math.min(this.#closed.contiguous, this.#firstWaiting() - 1);
  }

  /** The lowest number that waits for a birth. Of one that is given up nobody waits for the birth either. */
  #firstWaiting(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const sequence of this.parked) if (sequence < first && !this.givenUp.has(sequence)) first = sequence;
    return first;
  }

  /** The event time that missing frames reach; undefined where that is not known of all. */
  get stains(): readonly Stain[] | undefined {
    if (!this.holes) return [];
    const gaps = this.#closed.gaps(this.known, GAPS_LOOKED_AT_MAX + 1);
    if (this.parked.size > 0 || gaps.length > GAPS_LOOKED_AT_MAX) return undefined;
    const spans = gaps.map(({ from, to }) => this.outstanding.covering(from, to));
    if (spans.includes(undefined)) return undefined;
    const missing = new Set(spans.flatMap((some) => some ?? []));
    return [...missing].map(({ earliestMs, latestMs }) => ({ fromMs: earliestMs, toMs: latestMs }));
  }

  /** All numbers up to this one are settled, or it is known which event time they reach. */
  get accounted(): number {
    const { settled } = this;
    if (settled < this.#closed.contiguous || settled >= this.known) return settled;
    const gaps = this.#closed.gaps(this.known, GAPS_LOOKED_AT_MAX + 1);
    const unknown = gaps.find(({ from, to }, i) => i === GAPS_LOOKED_AT_MAX || !this.outstanding.covering(from, to));
    return Math.min(unknown === undefined ? this.known : unknown.from - 1, this.#firstWaiting() - 1);
  }

  /** A watermark counts only once it is known of every number up to the one that carried it what it held. */
  settleWatermarks(): void {
    const { accounted } = this;
    this.outstanding.keep(({ to }) => to > this.#closed.contiguous);
    for (const [sequence, watermarkMs] of this.waiting) {
      if (sequence > accounted) continue;
      this.waiting.delete(sequence);
      if (this.watermarkMs === null || watermarkMs > this.watermarkMs) this.watermarkMs = watermarkMs;
    }
  }
}

/** How many numbers there are in a set. */
export function countOf(set: IntervalSet): number {
  const edges = set.snapshot();
  let count = 0;
  for (let i = 0; i < edges.length; i += 2) count += edges[i + 1]! - edges[i]! + 1;
  return count;
}
