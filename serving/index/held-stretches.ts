import type { SpanExtent } from '#backbone/changes/changes.ts';

/** Stretches that are remembered: those around what neighbouring windows overlap. */
const STRETCHES_MAX = 8;

interface Stretch {
  readonly fromSlice: number;
  /** Where something may be held again; undefined: nowhere. */
  readonly held: number | undefined;
}

/**
 * Where nothing is held, as of one commit: of windows that overlap by the thousand each asks for the same. What was found
 * before the last commit is worthless.
 */
export class HeldStretches {
  #sequence = -1;
  #stretches: Stretch[] = [];

  /** The first slice from one on at which something is held as of a commit, by a look where that is not known. */
  async from(
    fromSlice: number,
    sequence: number,
    look: () => Promise<number | undefined>,
  ): Promise<number | undefined> {
    const known = sequence === this.#sequence ? this.#stretches.find((one) => covers(one, fromSlice)) : undefined;
    if (known !== undefined) return known.held;
    const held = await look();
    if (sequence < this.#sequence) return held;
    if (sequence > this.#sequence) this.#stretches = [];
    this.#sequence = sequence;
    this.#stretches = [{ fromSlice, held }, ...this.#stretches].slice(0, STRETCHES_MAX);
    return held;
  }
}

/** What lies at the edges of all that is held, as of one commit: every question asks for it. */
export class HeldExtent {
  #found: FoundExtent | undefined;
  #looking: Promise<FoundExtent> | undefined;

  /** What is known as of a commit, or found by one look for all who ask meanwhile. What the look throws they all get, and is not kept. */
  of(sequence: number, look: () => Promise<FoundExtent>): FoundExtent | Promise<FoundExtent> {
    if (this.#found?.sequence === sequence) return this.#found;
    this.#looking ??= look()
      .then((found) => (this.#found = found))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }
}

/** The slices outside of which nothing is held, and as of which commit. */
interface FoundExtent {
  readonly extent: SliceExtent | undefined;
  readonly sequence: number;
}

/** Slices [fromSlice, toSlice). */
export type SliceExtent = Pick<SpanExtent, 'fromSlice' | 'toSlice'>;

/** What covers all of them; undefined of none. */
export function hullOf(extents: Iterable<SliceExtent>): SliceExtent | undefined {
  let [fromSlice, toSlice] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const extent of extents) {
    fromSlice = Math.min(fromSlice, extent.fromSlice);
    toSlice = Math.max(toSlice, extent.toSlice);
  }
  return fromSlice < toSlice ? { fromSlice, toSlice } : undefined;
}

function covers({ fromSlice, held }: Stretch, slice: number): boolean {
  return fromSlice <= slice && (held === undefined || slice <= held);
}
