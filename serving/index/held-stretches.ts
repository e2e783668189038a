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

function covers({ fromSlice, held }: Stretch, slice: number): boolean {
  return fromSlice <= slice && (held === undefined || slice <= held);
}
