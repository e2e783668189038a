/** Groups that are drawn at once: with more, lines and colours can no longer be told apart. */
export const GROUPS_DRAWN_MAX = 8;

/** The colours of the page as the style sheets have them now, for what is drawn on a canvas. */
export interface Colours {
  readonly groups: readonly string[];
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
