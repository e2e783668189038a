import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';

/**
 * The slices of a group that a batch changed, ascending: a mask for each span of them. A commit of a fleet tells of thousands of
 * groups, and a set for each would be most of what it leaves in memory.
 */
export class ChangedSlices implements Iterable<number> {
  /** Numbers of spans, ascending, each with its mask behind it. */
  readonly #spans: number[] = [];
  #size = 0;

  static of(slices: Iterable<number>): ChangedSlices {
    const changed = new ChangedSlices();
    for (const slice of slices) changed.addSpan(spanOf(slice), 1 << (slice - spanOf(slice) * SPAN_SLICES));
    return changed;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds those slices of a span whose bits are set, the first of it lowest. */
  addSpan(number: number, mask: number): void {
    const spans = this.#spans;
    let at = spans.length;
    // What a batch tells mostly comes in the order of time.
    if (at > 0 && spans[at - 2]! >= number) at = this.#firstFrom(number);
    if (at === spans.length || spans[at] !== number) spans.splice(at, 0, number, 0);
    const before = spans[at + 1]!;
    spans[at + 1] = before | mask;
    this.#size += bitCount(mask & ~before);
  }

  addAll(others: ChangedSlices): void {
    for (let at = 0; at < others.#spans.length; at += 2) this.addSpan(others.#spans[at]!, others.#spans[at + 1]!);
  }

  *[Symbol.iterator](): Iterator<number> {
    const spans = this.#spans;
    for (let at = 0; at < spans.length; at += 2) {
      for (let i = 0; i < SPAN_SLICES; i++) if ((spans[at + 1]! & (1 << i)) !== 0) yield spans[at]! * SPAN_SLICES + i;
    }
  }

  /** The earliest of them, +Infinity where there are none. */
  first(): number {
    const [number, mask] = this.#spans;
    return number === undefined ? Number.POSITIVE_INFINITY : number * SPAN_SLICES + 31 - Math.clz32(mask! & -mask!);
  }

  /** Where the first span stands whose number is no lower. */
  #firstFrom(number: number): number {
    let [low, high] = [0, this.#spans.length / 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#spans[2 * middle]! < number) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
