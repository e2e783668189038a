import { nearestNames } from '#core/time/nearest-name.ts';
import { type Benchmark, BENCHMARKS } from '#load-tests/benchmarks.ts';
import type { Figure } from '#load-tests/measure.ts';
import { UserError } from '../failure.ts';
import { writeOut } from '../terminal/output.ts';
import { ProgressBar } from '../terminal/progress-bar.ts';
import { addCommand, type Declare } from './flags.ts';

const NAME_CELLS = 24;
const VALUE_CELLS = 14;
const USUAL = BENCHMARKS.filter(({ isLong }) => isLong !== true);
const NAMES = namesOf(USUAL);
const LONG = namesOf(BENCHMARKS.filter(({ isLong }) => isLong === true));

export const declareBench: Declare = (program) => {
  addCommand(program, 'bench', {
    summary: 'measure how fast and how small Weir is on this machine',
    description:
      `Measures on data that it makes itself, in temporary directories: ${NAMES}; all of them ` +
      `where none is named, but ${LONG}, which takes minutes. ` +
      'Prints a line per figure: {"name","value","unit","runs","against","ratio"}, the middle of several runs.',
    usage: '[NAME…] [OPTIONS]',
    examples: ['weir bench', 'weir bench fold size --json'],
  })
    .argument('[names...]', 'which of them')
    .option('--json', 'lines of JSON on a terminal too; in a pipe they always are')
    .action(async (names: string[], { json }: { readonly json?: true }) => {
      await bench(chosenBenchmarks(names), json === true || !process.stdout.isTTY);
    });
};

/** What is named, or everything that doesn't take minutes. Throws UserError where a name is not known. */
export function chosenBenchmarks(names: readonly string[]): readonly Benchmark[] {
  return names.length === 0 ? USUAL : names.map(benchmarkOf);
}

function namesOf(benchmarks: readonly Benchmark[]): string {
  return benchmarks.map(({ name }) => name).join(', ');
}

function benchmarkOf(name: string): Benchmark {
  const found = BENCHMARKS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const nearest = nearestNames(
    name,
    BENCHMARKS.map((one) => one.name),
  );
  throw new UserError(
    `benchmark ${name} is not known; ${nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `known are ${namesOf(BENCHMARKS)}`}`,
    { exitCode: 2 },
  );
}

/** Measures one after the other, and prints the figures of each as soon as they are there. */
async function bench(benchmarks: readonly Benchmark[], asJson: boolean): Promise<void> {
  for (const benchmark of benchmarks) {
    const figures = await measureBehindBar(benchmark);
    for (const figure of figures) await writeOut(`${asJson ? JSON.stringify(figure) : formatFigure(figure)}\n`);
  }
}

async function measureBehindBar({ name, summary, run }: Benchmark): Promise<readonly Figure[]> {
  using bar = new ProgressBar();
  bar.show({ label: `${name}: ${summary} …`, done: 0 });
  return await run();
}

/** A figure as a line for people. */
export function formatFigure({ name, value, unit, runs, against, ratio }: Figure): string {
  const beside = against === undefined ? '' : `, ${ratio ?? '?'} times the ${against}`;
  const number = value.toLocaleString('en', { maximumFractionDigits: 4 });
  return `${name.padEnd(NAME_CELLS)} ${number.padStart(VALUE_CELLS)} ${unit} (${runs} run${runs === 1 ? '' : 's'}${beside})`;
}
