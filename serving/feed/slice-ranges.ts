/**
 * Half-open ranges of slices, sorted and disjoint, never more than a number of them: where they would be more, the two
 * with the narrowest gap between them become one. So a set of slices may come to hold more than was put into it, never less.
 */
export class SliceRanges {
  /** Flat pairs: from, to, from, to. */
  #edges: number[];

  constructor(edges: readonly number[] = []) {
    this.#edges = [...edges];
  }

  get isEmpty(): boolean {
    return this.#edges.length === 0;
  }

  /** How many ranges there are. */
  get count(): number {
    return this.#edges.length / 2;
  }

  /** How many slices they hold; +Infinity where one has no end. */
  get slices(): number {
    let slices = 0;
    for (let i = 0; i < this.#edges.length; i += 2) slices += this.#edges[i + 1]! - this.#edges[i]!;
    return slices;
  }

  /** The range from the first slice to the last. */
  get extent(): readonly [number, number] {
    return [this.#edges[0]!, this.#edges.at(-1)!];
  }

  edges(): readonly number[] {
    return this.#edges;
  }

  add(from: number, to: number): void {
    if (from >= to) return;
    const edges = this.#edges;
    // What is new mostly touches or follows the last range.
    let at = edges.length;
    while (at > 0 && edges[at - 1]! >= from) at -= 2;
    let end = at;
    let [low, high] = [from, to];
    while (end < edges.length && edges[end]! <= high) {
      low = Math.min(low, edges[end]!);
      high = Math.max(high, edges[end + 1]!);
      end += 2;
    }
    edges.splice(at, end - at, low, high);
  }

  /** Only what lies in [from, to) stays. */
  clip(from: number, to: number): void {
    const kept: number[] = [];
    for (let i = 0; i < this.#edges.length; i += 2) {
      const low = Math.max(this.#edges[i]!, from);
      const high = Math.min(this.#edges[i + 1]!, to);
      if (low < high) kept.push(low, high);
    }
    this.#edges = kept;
  }

  /** Takes the first so many slices out. */
  take(countMax: number): SliceRanges {
    const taken: number[] = [];
    let room = countMax;
    while (room > 0 && this.#edges.length > 0) {
      const [from, to] = [this.#edges[0]!, this.#edges[1]!];
      const end = Math.min(to, from + room);
      taken.push(from, end);
      room -= end - from;
      if (end === to) this.#edges.splice(0, 2);
      else this.#edges[0] = end;
    }
    return new SliceRanges(taken);
  }

  /** Makes one of the ranges that are closest to each other until there are no more than `countMax`. */
  coarsen(countMax: number): void {
    const edges = this.#edges;
    while (edges.length > 2 * countMax) {
      let narrowest = 1;
      for (let i = 3; i + 1 < edges.length; i += 2)
        if (edges[i + 1]! - edges[i]! < edges[narrowest + 1]! - edges[narrowest]!) narrowest = i;
      edges.splice(narrowest, 2);
    }
  }
}
