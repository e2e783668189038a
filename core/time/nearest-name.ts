/** The names nearest to one that was mistyped, by edit distance, for messages that name a remedy. */

/** As many as a sentence can carry. */
const NEAREST_MAX = 3;

/** A longer text is no mistyped name; the distance takes time by the product of the lengths. */
const NAME_LENGTH_MAX = 64;

/**
 * The nearest of `known`, up to three where they are equally near, if they differ from `typed` in at most a third of its
 * letters, case aside. What was typed may also be the last part of a name (`Paris`).
 */
export function nearestNames(typed: string, known: readonly string[]): readonly string[] {
  if (typed.length > NAME_LENGTH_MAX) return [];
  const wanted = typed.toLowerCase();
  const distanceMax = Math.ceil(wanted.length / 3);
  const near = known
    .map((name) => ({ name, distance: distanceToName(wanted, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near
    .filter(({ distance }) => distance === near[0]!.distance)
    .slice(0, NEAREST_MAX)
    .map(({ name }) => name);
}

function distanceToName(wanted: string, name: string): number {
  const lastPart = name.slice(name.lastIndexOf('/') + 1);
  return Math.min(editDistance(wanted, name), editDistance(wanted, lastPart) + (lastPart === name ? 0 : 0.5));
}

/** Wagner and Fischer, The string-to-string correction problem (1974), in one row. */
function editDistance(a: string, b: string): number {
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      diagonal = row[j]!;
      row[j] = Math.min(substituted, diagonal + 1, row[j - 1]! + 1);
    }
  }
  return row[b.length]!;
}
