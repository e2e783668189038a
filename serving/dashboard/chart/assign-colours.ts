import { GROUPS_DRAWN_MAX } from './colours.ts';

/**
 * Which groups are drawn, and in which colour by its number: the first that are not hidden. A group keeps the colour of
 * its place among all groups wherever no other one that is drawn has it, so that hiding one repaints none of the rest.
 */
export function assignColours(keys: readonly string[], hidden: ReadonlySet<string>): ReadonlyMap<string, number> {
  const drawn = keys
    .map((key, place) => ({ key, place }))
    .filter(({ key }) => !hidden.has(key))
    .slice(0, GROUPS_DRAWN_MAX);
  const assigned = new Map<string, number>();
  const taken = new Set<number>();
  for (const { key, place } of drawn) {
    if (place >= GROUPS_DRAWN_MAX) continue;
    assigned.set(key, place);
    taken.add(place);
  }
  for (const { key } of drawn) {
    if (assigned.has(key)) continue;
    let colour = 0;
    while (taken.has(colour)) colour++;
    assigned.set(key, colour);
    taken.add(colour);
  }
  return assigned;
}
