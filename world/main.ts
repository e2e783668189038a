import { writeFileSync } from 'node:fs';
import { UserError } from '#cli/failure.ts';
import { ProgressBar } from '#cli/terminal/progress-bar.ts';
import { type FlagValues, runCommandLine, wholeNumber } from './command-line.ts';
import { FAULT_KINDS } from './plan/draw-faults.ts';
import { EVENTS_NOT_YET } from './plan/not-yet-held.ts';
import type { Plan, StepKind } from './plan/plan.ts';
import type { WorldReport } from './report.ts';
import { eventsMissed, sweep } from './sweep.ts';

const USAGE = `npm run -s world -- [--seeds N] [--seed S] [--trace] [--minutes M]

  --seed S      the first seed, 1 when left out; without --seeds and --minutes the only one
  --seeds N     how many seeds, 100 when left out
  --minutes M   go on for so many minutes
  --all         also with faults that are known to break a promise (plan/not-yet-held.ts)
  --with KINDS  worlds that have these kinds of faults in any case, divided by commas (plan/draw-faults.ts)
  --trace       tell what happens in each world
  --keep NAME   keep the smallest plan that fails as world/kept/NAME.json, for a test
  --shrink S    look for so many seconds for a smaller world where one fails, 60 when left out
`;

const SEEDS_DEFAULT = 100;
const SHRINK_S_DEFAULT = 60;

const FLAGS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  minutes: { type: 'string' },
  keep: { type: 'string' },
  shrink: { type: 'string' },
  with: { type: 'string' },
  all: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
} as const;

/** Runs the worlds of some seeds, prints one line of JSON; gives the exit code. */
async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  const from = wholeNumber('seed', values.seed) ?? 1;
  const minutes = wholeNumber('minutes', values.minutes);
  const only = values.seed === undefined ? SEEDS_DEFAULT : 1;
  const seeds = wholeNumber('seeds', values.seeds) ?? (minutes === undefined ? only : Number.MAX_SAFE_INTEGER);
  using bar = new ProgressBar();
  let count = 0;
  const outcome = await sweep({
    from,
    seeds,
    options: { all: values.all, kinds: kindsOf(values.with) },
    untilMs: minutes === undefined ? Number.POSITIVE_INFINITY : performance.now() + minutes * 60_000,
    shrinkMs: (wholeNumber('shrink', values.shrink) ?? SHRINK_S_DEFAULT) * 1_000,
    done: (report) => {
      count++;
      bar.show({
        label: `worlds, seed ${report.seed}`,
        done: count,
        ...(minutes === undefined ? { total: seeds } : {}),
      });
      tell(report, values.trace);
      if (values.keep !== undefined && report.shrunk !== null) keep(values.keep, report.shrunk.plan);
    },
  });
  // One world can't hold every rare event; a sweep has to.
  const missed = seeds === 1 ? [] : eventsMissed(outcome, values.all ? new Set() : EVENTS_NOT_YET);
  for (const name of missed) process.stderr.write(`never happened: ${name}\n`);
  const { failed, seconds, ...rest } = outcome;
  process.stdout.write(`${JSON.stringify({ ...rest, failed: failed.length, seconds: Number(seconds.toFixed(1)) })}\n`);
  return failed.length + missed.length === 0 ? 0 : 1;
}

/** Throws UserError where there is no such kind. */
function kindsOf(text: string | undefined): readonly StepKind[] {
  return (text?.split(',') ?? []).map((name) => {
    const kind = FAULT_KINDS.find((one) => one === name);
    if (kind === undefined)
      throw new UserError(`--with ${name} is no kind of fault; these are: ${FAULT_KINDS.join(', ')}`, { exitCode: 2 });
    return kind;
  });
}

function tell({ seed, broken, trace, shrunk }: WorldReport, wantsTrace: boolean): void {
  if (wantsTrace) process.stderr.write(`${trace.join('\n')}\n`);
  if (broken === null) return;
  process.stderr.write(`\nseed ${seed}: ${broken}\n`);
  if (shrunk !== null)
    process.stderr.write(`shrunk to ${shrunk.plan.steps.length} steps:\n${shrunk.trace.join('\n')}\n`);
}

/** Writes a plan where the tests find it. */
function keep(name: string, plan: Plan): void {
  const file = new URL(`./kept/${name}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(plan, undefined, 2)}\n`);
}

await runCommandLine(USAGE, FLAGS, main);
