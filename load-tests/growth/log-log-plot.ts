import { fitPowerLaw, type Point } from './power-law.ts';

/** A line of a picture: points, and what they are. */
export interface PlotLine {
  readonly label: string;
  readonly points: readonly Point[];
}

export interface Plot {
  readonly title: string;
  readonly sizeLabel: string;
  readonly lines: readonly PlotLine[];
}

const WIDTH = 640;
const HEIGHT = 400;
const MARGIN = { left: 70, right: 170, top: 40, bottom: 50 } as const;
/** Told apart by people who see colours otherwise, too (Okabe and Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73'] as const;
const TEXT = 'font-family="sans-serif" font-size="12" fill="#444"';

/** A picture with logarithmic axes as SVG 1.1, with the fitted line of each kind of points and its exponent. */
export function logLogPlot({ title, sizeLabel, lines }: Plot): string {
  const all = lines.flatMap(({ points }) => points);
  const x = axis(
    all.map(({ size }) => size),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const y = axis(
    all.map(({ value }) => value),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const bottom = HEIGHT - MARGIN.bottom;
  const grid = [
    ...x.ticks.map((tick) => gridLine({ x1: x.at(tick), y1: MARGIN.top, x2: x.at(tick), y2: bottom })),
    ...x.ticks.map((tick) => text(x.at(tick), bottom + 18, tickText(tick), 'middle')),
    ...y.ticks.map((tick) => gridLine({ x1: MARGIN.left, y1: y.at(tick), x2: WIDTH - MARGIN.right, y2: y.at(tick) })),
    ...y.ticks.map((tick) => text(MARGIN.left - 8, y.at(tick) + 4, tickText(tick), 'end')),
  ];
  const drawn = lines.map((line, i) => drawLine(line, i, x, y));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${text(MARGIN.left, 24, title, 'start')}
${text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 12, sizeLabel, 'middle')}
${[...grid, ...drawn].join('\n')}
</svg>
`;
}

interface Axis {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/** Whole powers of ten around the values. */
function axis(values: readonly number[], from: number, to: number): Axis {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i));
  return { ticks, at: (value) => from + ((Math.log10(value) - least) / (most - least)) * (to - from) };
}

function drawLine({ label, points }: PlotLine, index: number, x: Axis, y: Axis): string {
  const colour = COLOURS[index % COLOURS.length]!;
  const { exponent, factor } = fitPowerLaw(points);
  const [first, last] = [points[0]!, points.at(-1)!].map(({ size }) => ({ size, value: factor * size ** exponent }));
  const dots = points.map(
    ({ size, value }) => `<circle cx="${round(x.at(size))}" cy="${round(y.at(value))}" r="4" fill="${colour}"/>`,
  );
  const fitted = `<line x1="${round(x.at(first!.size))}" y1="${round(y.at(first!.value))}" x2="${round(x.at(last!.size))}" y2="${round(y.at(last!.value))}" stroke="${colour}" stroke-dasharray="5 4"/>`;
  const legendY = MARGIN.top + 14 + index * 36;
  const legendX = WIDTH - MARGIN.right + 16;
  return [
    ...dots,
    fitted,
    `<circle cx="${legendX}" cy="${legendY - 4}" r="4" fill="${colour}"/>`,
    text(legendX + 10, legendY, label, 'start'),
    text(legendX + 10, legendY + 15, `exponent ${exponent.toFixed(2)}`, 'start'),
  ].join('\n');
}

function gridLine(ends: Readonly<Record<'x1' | 'y1' | 'x2' | 'y2', number>>): string {
  const places = Object.entries(ends).map(([name, value]) => `${name}="${round(value)}"`);
  return `<line ${places.join(' ')} stroke="#e4e4e4"/>`;
}

function text(x: number, y: number, what: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" ${TEXT}>${escaped(what)}</text>`;
}

function tickText(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1_000 ? value.toLocaleString('en') : String(Number(value.toPrecision(1)));
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function escaped(what: string): string {
  return what.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
