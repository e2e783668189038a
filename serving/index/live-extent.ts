import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';

/** A half-open range of slices. */
export interface SliceRange {
  readonly fromSlice: number;
  readonly toSlice: number;
}

interface EpochRange {
  readonly partition: number;
  readonly epoch: number;
  fromSlice: number;
  toSlice: number;
}

/** In which slices a source has any changes that its batch results don't cover, of whatever group. */
export class LiveExtent {
  /** By partition and epoch: epochs that are covered fall away together. */
  readonly #ranges = new Map<string, EpochRange>();
  /** Whether it says all, not only what was told since the source was opened. */
  isKnown: boolean;

  constructor(isKnown: boolean) {
    this.isKnown = isKnown;
  }

  /** Takes in the span that `opener` lies in. */
  note(partition: number, epoch: number, opener: number): void {
    const fromSlice = spanOf(opener) * SPAN_SLICES;
    this.#widen({ partition, epoch, fromSlice, toSlice: fromSlice + SPAN_SLICES });
  }

  /** Takes in what another one has of the epochs that `cut` doesn't cover, and whether it knows all. */
  take(other: LiveExtent, cut: readonly number[]): void {
    for (const range of other.#ranges.values()) if (range.epoch >= (cut[range.partition] ?? 0)) this.#widen(range);
    this.isKnown ||= other.isKnown;
  }

  overlaps(fromSlice: number, toSlice: number): boolean {
    for (const range of this.#ranges.values()) if (range.fromSlice < toSlice && range.toSlice > fromSlice) return true;
    return false;
  }

  ranges(): Iterable<SliceRange> {
    return this.#ranges.values();
  }

  #widen({ partition, epoch, fromSlice, toSlice }: EpochRange): void {
    const key = `${partition}/${epoch}`;
    const known = this.#ranges.get(key);
    if (known === undefined) {
      this.#ranges.set(key, { partition, epoch, fromSlice, toSlice });
      return;
    }
    known.fromSlice = Math.min(known.fromSlice, fromSlice);
    known.toSlice = Math.max(known.toSlice, toSlice);
  }
}
