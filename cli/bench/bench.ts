import { nearestNames } from '#core/time/nearest-name.ts';
import { ProgressBar } from '../terminal/progress-bar.ts';
import { writeOut } from '../terminal/write-out.ts';
import { UserError } from '../user-error.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { BENCHMARKS } from './registry.ts';

/** `weir bench`: measures what is named, or everything, and prints each figure as soon as it is there. */
export async function bench(names: readonly string[], asJson: boolean): Promise<void> {
  const chosen = names.length === 0 ? BENCHMARKS : names.map(find);
  for (const benchmark of chosen) {
    const figures = await measure(benchmark);
    for (const figure of figures) await writeOut(`${asJson ? JSON.stringify(figure) : formatFigure(figure)}\n`);
  }
}

async function measure({ name, summary, run }: Benchmark): Promise<readonly Figure[]> {
  using bar = new ProgressBar();
  bar.show({ label: `${name}: ${summary} …`, done: 0 });
  return await run();
}

function find(name: string): Benchmark {
  const found = BENCHMARKS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = BENCHMARKS.map((one) => one.name);
  const nearest = nearestNames(name, known);
  throw new UserError(
    `benchmark ${name} is not known; ${nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `known are ${known.join(', ')}`}`,
    { exitCode: 2 },
  );
}

function formatFigure({ name, value, unit, runs, against, ratio }: Figure): string {
  const beside = against === undefined ? '' : `, ${ratio ?? '?'} times the ${against}`;
  return `${name.padEnd(20)} ${value.toLocaleString('en', { maximumFractionDigits: 4 }).padStart(14)} ${unit} (${runs} run${runs === 1 ? '' : 's'}${beside})`;
}
