import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';

/**
 * The slices of a group that a batch changed, ascending: a mask for each span of them. A commit of a fleet tells of thousands of
 * groups, mostly of one span each, and a set for each would be most of what it leaves in memory.
 */
export class ChangedSlices implements Iterable<number> {
  /** The first span, and its mask; a batch mostly changes no other. */
  #number = 0;
  #mask = 0;
  /** Numbers of the spans behind it, ascending, each with its mask behind it. */
  #others: number[] | undefined;
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
    if (this.#size === 0) this.#number = number;
    if (this.#number === number) {
      this.#size += bitCount(mask & ~this.#mask);
      this.#mask |= mask;
      return;
    }
    const others = (this.#others ??= []);
    if (number < this.#number) {
      others.unshift(this.#number, this.#mask);
      this.#number = number;
      this.#mask = mask;
      this.#size += bitCount(mask);
      return;
    }
    let at = others.length;
    // What a batch tells mostly comes in the order of time.
    if (at > 0 && others[at - 2]! >= number) at = firstFrom(others, number);
    if (at === others.length || others[at] !== number) others.splice(at, 0, number, 0);
    const before = others[at + 1]!;
    others[at + 1] = before | mask;
    this.#size += bitCount(mask & ~before);
  }

  addAll(others: ChangedSlices): void {
    if (others.#size === 0) return;
    this.addSpan(others.#number, others.#mask);
    const spans = others.#others ?? [];
    for (let at = 0; at < spans.length; at += 2) this.addSpan(spans[at]!, spans[at + 1]!);
  }

  *[Symbol.iterator](): Iterator<number> {
    yield* slicesOf(this.#number, this.#mask);
    const spans = this.#others ?? [];
    for (let at = 0; at < spans.length; at += 2) yield* slicesOf(spans[at]!, spans[at + 1]!);
  }

  /** The earliest of them, +Infinity where there are none. */
  first(): number {
    if (this.#size === 0) return Number.POSITIVE_INFINITY;
    return this.#number * SPAN_SLICES + 31 - Math.clz32(this.#mask & -this.#mask);
  }
}

function* slicesOf(number: number, mask: number): Iterable<number> {
  for (let i = 0; i < SPAN_SLICES; i++) if ((mask & (1 << i)) !== 0) yield number * SPAN_SLICES + i;
}

/** Where the first span stands whose number is no lower. */
function firstFrom(spans: readonly number[], number: number): number {
  let [low, high] = [0, spans.length / 2];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[2 * middle]! < number) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
