import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { openSection } from '#edge-agent/sources/sources.fixtures.ts';
import { type Figure, figureOf, measure, millisecondsOf, printFigures } from '../measure.ts';

const DEVICES = 1_000;
const RUNS = 5;
const START_MS = Date.UTC(2024, 0, 1);

const power = metricNamed('power', { intervalMs: 1_000 });

interface Case {
  readonly name: string;
  readonly kind: 'csv' | 'ndjson';
  readonly heading?: string;
  readonly rows: number;
  readonly row: (i: number) => string;
  readonly config: Readonly<Record<string, unknown>>;
}

const WIDE_COLUMNS = Array.from({ length: 7 }, (_, i) => `c${i}`);
const value = (i: number): string => (((i * 2_654_435_761) % 1_000_000) / 1_000).toFixed(3);
const timeOf = (i: number): number => START_MS + Math.floor(i / DEVICES) * 1_000;
const longSeries = [{ metric: 'power', value: 'value', device: '{device}' }];

const cases: readonly Case[] = [
  {
    name: 'csv-long-iso',
    kind: 'csv',
    heading: 'ts,device,value',
    rows: 3_000_000,
    row: (i) =>
      `${new Date(timeOf(i)).toISOString().slice(0, 19)}Z,meter-${String(i % DEVICES).padStart(4, '0')},${value(i)}`,
    config: { time: { columns: ['ts'] }, series: longSeries },
  },
  {
    name: 'csv-long-unix',
    kind: 'csv',
    heading: 'ts,device,value',
    rows: 3_000_000,
    row: (i) => `${timeOf(i) / 1_000},meter-${String(i % DEVICES).padStart(4, '0')},${value(i)}`,
    config: { time: { columns: ['ts'], format: 'unix' }, series: longSeries },
  },
  {
    name: 'csv-wide-local',
    kind: 'csv',
    heading: `Date,Time,${WIDE_COLUMNS.join()}`,
    rows: 600_000,
    row: (i) => {
      const iso = new Date(START_MS + i * 1_000).toISOString();
      const date = `${iso.slice(8, 10)}/${iso.slice(5, 7)}/${iso.slice(0, 4)}`;
      return `${date},${iso.slice(11, 19)},${WIDE_COLUMNS.map((_, column) => value(i + column)).join()}`;
    },
    config: {
      time: { columns: ['Date', 'Time'], format: 'dd/MM/yyyy HH:mm:ss', zone: 'Europe/Paris' },
      series: WIDE_COLUMNS.map((column) => ({ metric: 'power', value: column, device: column })),
    },
  },
  {
    name: 'ndjson-long-unix',
    kind: 'ndjson',
    rows: 500_000,
    row: (i) => JSON.stringify({ ts: timeOf(i) / 1_000, device: `meter-${i % DEVICES}`, value: Number(value(i)) }),
    config: { time: { columns: ['ts'], format: 'unix' }, series: longSeries },
  },
];

async function write(path: string, { heading, rows, row }: Case): Promise<void> {
  const file = createWriteStream(path);
  let text = heading === undefined ? '' : `${heading}\n`;
  for (let i = 0; i < rows; i++) {
    text += `${row(i)}\n`;
    if (text.length < 1_000_000) continue;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end(text);
  await once(file, 'finish');
}

async function read(folder: string, file: string, { kind, config }: Case): Promise<number> {
  const options = { metrics: new Map([['power', power]]), registry: new SeriesList(), folder, nowMs: Date.now };
  const source = openSection({ kind, file, ...config }, options);
  let readings = 0;
  for await (const batch of source.batches(null, new AbortController().signal)) readings += batch.count;
  return readings;
}

/**
 * How fast files become readings, on one core. Files of one second data are written to a temporary folder first; reading
 * them includes the disk (the page cache).
 */
async function* benchFiles(): AsyncGenerator<Figure> {
  await using folder = await makeTemporaryDirectory('bench');
  for (const one of cases) {
    const file = `${one.name}.txt`;
    await write(join(folder.dir, file), one);
    const { size } = await stat(join(folder.dir, file));
    let readings = 0;
    const run = async (): Promise<number> => {
      const takenMs = await millisecondsOf(async () => (readings = await read(folder.dir, file, one)));
      return (readings / takenMs) * 1_000;
    };
    const figure = await measure({ name: one.name, unit: 'readings/s', runs: RUNS, run });
    yield figure;
    yield figureOf(`${one.name}-bytes`, (figure.value / readings) * size, 'bytes/s', { runs: RUNS });
    await rm(join(folder.dir, file));
  }
}

await printFigures(benchFiles());
