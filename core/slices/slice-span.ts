/**
 * Consecutive slices of a group that are held, stored and told of together, aligned to slice 0. Enough that what a span
 * costs is small beside its rows, and few enough that a live change of one slice doesn't write many.
 */
export const SPAN_SLICES = 16;

/** The number of the span that holds a slice. */
export function spanOf(slice: number): number {
  return Math.floor(slice / SPAN_SLICES);
}

/** A slice of a group. */
export interface SliceName {
  readonly group: string;
  readonly slice: number;
}

/** The key of a slice among those of one version of a view. */
export function sliceKey(group: string, slice: number): string {
  return `${slice}/${group}`;
}

/** A set of slices of one version of a view: two names of one slice are one. */
export class SliceSet implements Iterable<SliceName> {
  readonly #names = new Map<string, SliceName>();

  get size(): number {
    return this.#names.size;
  }

  add({ group, slice }: SliceName): void {
    this.#names.set(sliceKey(group, slice), { group, slice });
  }

  delete({ group, slice }: SliceName): void {
    this.#names.delete(sliceKey(group, slice));
  }

  has({ group, slice }: SliceName): boolean {
    return this.#names.has(sliceKey(group, slice));
  }

  [Symbol.iterator](): Iterator<SliceName> {
    return this.#names.values();
  }
}
