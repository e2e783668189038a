import { strict as assert } from 'node:assert';

/** The longest range, in slots, that neighbours are joined to. */
export const RANGE_SLOTS_MAX = 16;

const ORDER_MAX = Math.log2(RANGE_SLOTS_MAX);

/**
 * Ranges of slots that nobody has. The length of each is a power of two, and its first slot a multiple of it, so that a
 * range that is given back is joined to the other half of the one twice as long, where that is free too (the buddy system:
 * Knowlton, A fast storage allocator, 1965).
 */
export class FreeRanges {
  /** By order, which is the logarithm of a length: first slots. Some of them are no longer free, or stand there twice. */
  readonly #firsts: number[][] = Array.from({ length: ORDER_MAX + 1 }, () => []);
  /** The order of the free range that begins at a slot, and one; 0 where none does. */
  #marks = new Uint8Array(0);
  #slots = 0;

  /** Slots of all of them. */
  get slots(): number {
    return this.#slots;
  }

  /** The first slot of a range of the length, which is free no longer; undefined where there is none. */
  take(length: number): number | undefined {
    const order = orderOf(length);
    for (let from = order; from <= ORDER_MAX; from++) {
      const first = this.#pop(from);
      if (first === undefined) continue;
      // What is longer is halved: the lower half goes on.
      for (let half = from - 1; half >= order; half--) this.#push(first + (1 << half), half);
      this.#slots -= length;
      return first;
    }
    return undefined;
  }

  give(first: number, length: number): void {
    let order = orderOf(length);
    let from = first;
    assert(from % length === 0, 'a range begins at a multiple of its length');
    this.#slots += length;
    for (; order < ORDER_MAX; order++) {
      const other = from ^ (1 << order);
      if (this.#marks[other] !== order + 1) break;
      this.#marks[other] = 0;
      from = Math.min(from, other);
    }
    this.#push(from, order);
  }

  /** Gives all slots of [from, to), in as long ranges as there can be. */
  giveAll(from: number, to: number): void {
    for (let first = from; first < to;) {
      let length = 1;
      while (length < RANGE_SLOTS_MAX && first % (2 * length) === 0 && first + 2 * length <= to) length *= 2;
      this.give(first, length);
      first += length;
    }
  }

  /** Forgets what lies at `size` and beyond. */
  truncate(size: number): void {
    const kept = this.#firsts.map((firsts, order) => firsts.filter((first) => this.#isFree(first, order)));
    this.#marks.fill(0);
    this.#slots = 0;
    for (const firsts of this.#firsts) firsts.length = 0;
    kept.forEach((firsts, order) => {
      for (const first of new Set(firsts)) this.giveAll(first, Math.min(size, first + (1 << order)));
    });
  }

  #isFree(first: number, order: number): boolean {
    return this.#marks[first] === order + 1;
  }

  #pop(order: number): number | undefined {
    const firsts = this.#firsts[order]!;
    for (let first = firsts.pop(); first !== undefined; first = firsts.pop()) {
      if (!this.#isFree(first, order)) continue;
      this.#marks[first] = 0;
      return first;
    }
    return undefined;
  }

  #push(first: number, order: number): void {
    if (first >= this.#marks.length) this.#grow(first + 1);
    this.#marks[first] = order + 1;
    const firsts = this.#firsts[order]!;
    firsts.push(first);
    // There are no more ranges than fit side by side: the others have been joined, and some were free before.
    if (firsts.length <= (this.#marks.length >> order) + RANGE_SLOTS_MAX) return;
    const free = [...new Set(firsts)].filter((one) => this.#isFree(one, order));
    firsts.length = 0;
    for (const one of free) firsts.push(one);
  }

  #grow(size: number): void {
    const marks = new Uint8Array(Math.max(size, 2 * this.#marks.length));
    marks.set(this.#marks);
    this.#marks = marks;
  }
}

function orderOf(length: number): number {
  const order = 31 - Math.clz32(length);
  assert(length === 1 << order && order <= ORDER_MAX, 'the length of a range is a power of two');
  return order;
}
