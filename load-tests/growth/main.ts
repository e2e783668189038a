/** `npm run growth`: how time, memory and bytes grow with what is asked of the system. */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Figure, figureOf } from '../measure.ts';
import { history, partitions, series } from './file-studies.ts';
import { fleet } from './fleet-study.ts';
import { backlog, subscribers } from './live-studies.ts';
import { logLogPlot } from './log-log-plot.ts';
import { fitPowerLaw, type Point } from './power-law.ts';
import type { Grown, Study } from './study.ts';

const STUDIES: readonly Study[] = [series, fleet, history, subscribers, partitions, backlog];
const NAMES = STUDIES.map(({ name }) => name);

const USAGE = `npm run growth -- [STUDY…] [--short] [--json] [--pictures DIR]

Measures a system of its own at several sizes each, and fits a power law: at an exponent of 1 twice as much takes twice as long.

${STUDIES.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --short         the smaller sizes
  --json          a line of JSON for each figure
  --pictures DIR  a picture for each study, as SVG
`;

/** What is measured, by what it is called. */
const MEASURES = {
  time: ({ ms }: Grown) => ms,
  memory: ({ memoryMegabytes }: Grown) => memoryMegabytes,
  disk: ({ diskMegabytes }: Grown) => diskMegabytes,
} as const;
const UNITS = { time: 'ms', memory: 'MB', disk: 'MB' } as const;
type Measure = keyof typeof MEASURES;

try {
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    options: { short: flag, json: flag, help: flag, pictures: { type: 'string' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`there is no study ${unknown}; there are ${NAMES.join(', ')}`);
  if (values.help === true) process.stdout.write(USAGE);
  else {
    for (const study of STUDIES.filter(({ name }) => positionals.length === 0 || positionals.includes(name)))
      await report(study, values.short === true ? 'short' : 'full', values);
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function report(
  study: Study,
  extent: 'short' | 'full',
  { json, pictures }: { readonly json?: boolean | undefined; readonly pictures?: string | undefined },
): Promise<void> {
  process.stderr.write(`${study.name}: ${study.summary}\n`);
  const print = (figure: Figure): void => {
    const { name, value, unit } = figure;
    const row = `  ${name.padEnd(34)}${value.toLocaleString('en').padStart(12)} ${unit}`;
    process.stdout.write(`${json === true ? JSON.stringify(figure) : row}\n`);
  };
  const points: Record<Measure, Point[]> = { time: [], memory: [], disk: [] };
  for (const size of study.sizes[extent]) {
    const grown = await study.run(size);
    for (const measure of Object.keys(MEASURES) as Measure[]) {
      const value = MEASURES[measure](grown);
      if (value === undefined) continue;
      points[measure].push({ size, value });
      print(figureOf(`growth-${study.name}-${measure}-${size}`, value, UNITS[measure], { decimals: 3 }));
    }
  }
  const lines = (Object.keys(MEASURES) as Measure[]).filter((measure) => points[measure].length > 1);
  for (const measure of lines) {
    // Not −0, which is written with its sign.
    const exponent = Number(fitPowerLaw(points[measure]).exponent.toFixed(2)) + 0;
    print(figureOf(`growth-${study.name}-${measure}`, exponent, 'exponent', { decimals: 2 }));
  }
  if (pictures === undefined) return;
  await mkdir(pictures, { recursive: true });
  const labels = { time: study.timeLabel, memory: 'memory, MB', disk: 'on disk, MB' };
  const plot = {
    title: `By ${study.sizeLabel}`,
    sizeLabel: study.sizeLabel,
    lines: lines.map((measure) => ({ label: labels[measure], points: points[measure] })),
  };
  await writeFile(`${pictures}/growth-${study.name}.svg`, logLogPlot(plot));
}
