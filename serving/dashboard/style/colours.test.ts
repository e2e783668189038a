import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const [light = '', dark = ''] = readFileSync(new URL('colours.css', import.meta.url), 'utf8').split(
  'prefers-color-scheme: dark',
);

/** The contrast ratio of two colours by the formula of WCAG 2.2, from 1 to 21. */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function propertiesOf(css: string): ReadonlyMap<string, string> {
  return new Map([...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', colour = '']) => [name, colour]));
}

describe.each([
  ['light', propertiesOf(light)],
  ['dark', propertiesOf(dark)],
])('the %s colours', (_scheme, colours) => {
  const against = (paper: string) => (name: string) =>
    [name, contrast(colours.get(name)!, colours.get(paper)!)] as const;
  const below = (ratio: number) => (pair: readonly [string, number]) => !(pair[1] >= ratio);

  it('make text readable on every ground it stands on', () => {
    const texts = ['text', 'text-quiet', 'accent', 'warn'].flatMap((name) =>
      ['paper', 'raised', 'track'].map((ground) => against(ground)(name)),
    );
    expect([...texts, against('accent-soft')('accent'), against('flash')('text')].filter(below(4.5))).toStrictEqual([]);
  });

  it('make lines, bars and dots stand out from the paper', () => {
    const groups = Array.from({ length: 8 }, (_, i) => `group-${i}`);
    const marks = [...groups, 'full', 'nearly', 'partial', 'none', 'online', 'offline'];
    expect(marks.map(against('paper')).filter(below(3))).toStrictEqual([]);
  });
});
