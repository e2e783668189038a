/**
 * A span in which nothing is expected of a series: from when on somebody said so, up to its next reading; null while there was
 * none.
 */
export type Silence = readonly [fromMs: number, toMs: number | null];

/** A series of which nothing is expected from a time on, and that has not spoken since; by an entry of its agent's dictionary. */
export type EndedEntry = readonly [entry: number, fromMs: number];

/** A person gives each of them; of a series that is ended again and again the last ones are not heard. */
export const SILENCES_MAX = 64;

/** The silences of a series of which nothing is expected from a time on. They are in order, and do not overlap. */
export function silencedFrom(silences: readonly Silence[], fromMs: number): readonly Silence[] {
  const last = silences.at(-1);
  const isOpen = last !== undefined && last[1] === null;
  const before = isOpen ? silences.slice(0, -1) : silences;
  if ((isOpen && last[0] <= fromMs) || before.length >= SILENCES_MAX) return silences;
  return [...before, [Math.max(fromMs, before.at(-1)?.[1] ?? fromMs), null]];
}

/** The silences of a series that has spoken from one time to another. */
export function spokenWithin(silences: readonly Silence[], firstMs: number, lastMs: number): readonly Silence[] {
  if (!silences.some((one) => overlaps(one, firstMs, lastMs))) return silences;
  return silences.flatMap((one): readonly Silence[] => {
    const [fromMs] = one;
    if (!overlaps(one, firstMs, lastMs)) return [one];
    return firstMs > fromMs ? [[fromMs, firstMs]] : [];
  });
}

function overlaps([fromMs, toMs]: Silence, firstMs: number, lastMs: number): boolean {
  return lastMs >= fromMs && (toMs === null || firstMs < toMs);
}
