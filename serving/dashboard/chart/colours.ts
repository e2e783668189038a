import { useEffect, useState } from 'preact/hooks';

/** Groups that are drawn at once: with more, lines and colours can no longer be told apart. */
export const GROUPS_DRAWN_MAX = 8;

/** The colours of the page as the style sheets have them now, for what is drawn on a canvas. */
export interface Colours {
  readonly groups: readonly string[];
  readonly paper: string;
  readonly text: string;
  readonly rule: string;
  readonly track: string;
  readonly full: string;
  readonly nearly: string;
  readonly partial: string;
  readonly none: string;
}

/** Reads the custom properties of style/colours.css. */
export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const property = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    groups: Array.from({ length: GROUPS_DRAWN_MAX }, (_, i) => property(`group-${i}`)),
    paper: property('paper'),
    text: property('text-quiet'),
    rule: property('rule'),
    track: property('track'),
    full: property('full'),
    nearly: property('nearly'),
    partial: property('partial'),
    none: property('none'),
  };
}

/** A colour written `#rrggbb`, with an alpha from 0 to 1. */
export function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}

/** The colours of the page, anew when the viewer's system turns from light to dark. */
export function useColours(): Colours {
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const turn = (): void => setColours(readColours());
    dark.addEventListener('change', turn);
    return () => dark.removeEventListener('change', turn);
  }, []);
  return colours;
}

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
