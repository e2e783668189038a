/**
 * A set of positive integers kept as disjoint, sorted, inclusive intervals that never touch. Frame numbers arrive
 * almost always in order, so the usual set is one interval however many numbers it holds.
 */
export class IntervalSet {
  /** Flat pairs: from, to, from, to. */
  readonly #edges: number[];

  constructor(edges: readonly number[] = []) {
    this.#edges = [...edges];
  }

  /** Adds n. False when it was there before. Amortised constant for ascending numbers. */
  add(n: number): boolean {
    const edges = this.#edges;
    const index = this.#intervalAtOrAfter(n);
    const from = edges[index];
    if (from !== undefined && from <= n) return false;
    const joinsNext = from === n + 1;
    const joinsPrevious = index > 0 && edges[index - 1] === n - 1;
    if (joinsNext && joinsPrevious) edges.splice(index - 1, 2);
    else if (joinsNext) edges[index] = n;
    else if (joinsPrevious) edges[index - 1] = n;
    else edges.splice(index, 0, n, n);
    return true;
  }

  /** Adds the numbers from `from` to `to`, whether some were there before or not. */
  addRange(from: number, to: number): void {
    const edges: number[] = [];
    let [low, high] = [from, to];
    for (let i = 0; i < this.#edges.length; i += 2) {
      const [first, last] = [this.#edges[i]!, this.#edges[i + 1]!];
      if (last < low - 1 || first > high + 1) edges.push(first, last);
      else [low, high] = [Math.min(low, first), Math.max(high, last)];
    }
    const at = edges.findIndex((edge, i) => i % 2 === 0 && edge > high);
    edges.splice(at === -1 ? edges.length : at, 0, low, high);
    this.#edges.splice(0, this.#edges.length, ...edges);
  }

  has(n: number): boolean {
    const from = this.#edges[this.#intervalAtOrAfter(n)];
    return from !== undefined && from <= n;
  }

  /** Highest number held, 0 when empty. */
  get highest(): number {
    return this.#edges.at(-1) ?? 0;
  }

  /** Highest n for which all of 1 to n are held, 0 when 1 is not. */
  get contiguous(): number {
    return this.#edges[0] === 1 ? this.#edges[1]! : 0;
  }

  /** The gaps in 1 to `upTo`, as inclusive pairs, at most `limit` of them. */
  gaps(upTo: number, limit: number): { readonly from: number; readonly to: number }[] {
    const gaps: { from: number; to: number }[] = [];
    let next = 1;
    for (let i = 0; i < this.#edges.length && next <= upTo && gaps.length < limit; i += 2) {
      const from = this.#edges[i]!;
      if (from > next) gaps.push({ from: next, to: Math.min(from - 1, upTo) });
      next = this.#edges[i + 1]! + 1;
    }
    if (next <= upTo && gaps.length < limit) gaps.push({ from: next, to: upTo });
    return gaps;
  }

  /** Plain data that the constructor takes. */
  snapshot(): readonly number[] {
    return [...this.#edges];
  }

  /** Index of the first interval that ends at or after n (the length when there is none); from the end, where n usually is. */
  #intervalAtOrAfter(n: number): number {
    const edges = this.#edges;
    let low = 0;
    let high = edges.length >>> 1;
    if (high > 0 && n > edges[edges.length - 1]!) return edges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (edges[2 * middle + 1]! < n) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }
}
