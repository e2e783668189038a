import { UserError } from '#cli/failure.ts';
import { ProgressBar } from '#cli/terminal/progress-bar.ts';
import { type FlagValues, runCommandLine, wholeNumber } from '../command-line.ts';
import { DOORS } from './doors.ts';
import { CASE_CPU_MS_MAX, caseOf, type HostileFailure } from './run-hostile.ts';
import { runWatched } from './watched.ts';

const USAGE = `npm run -s hostile -- [--cases N] [--seed S] [--door NAME] [--case I]

  --cases N     mutated inputs over all doors together, 1,000,000 when left out
  --seed S      what they follow from, 1 when left out
  --door NAME   of one door alone: ${DOORS.map(({ name }) => name).join(', ')}
  --case I      this one alone, and what it holds

An input that takes more than ${CASE_CPU_MS_MAX} ms of a processor is a failure.
`;

const CASES_DEFAULT = 1_000_000;
const TOLD_MAX = 20;
/** What all doors hold at once, with the program itself: far below what an input could make a careless one allocate. */
const MEMORY_MB_MAX = 768;

const FLAGS = {
  cases: { type: 'string' },
  seed: { type: 'string' },
  door: { type: 'string' },
  case: { type: 'string' },
} as const;

/** Sends mutated inputs to the doors and prints one line of JSON; gives the exit code. */
async function main(values: FlagValues<typeof FLAGS>): Promise<number> {
  const seed = wholeNumber('seed', values.seed) ?? 1;
  const doors = DOORS.filter(({ name }) => values.door === undefined || name === values.door);
  if (doors.length === 0)
    throw new UserError(`--door ${values.door} is none of ${DOORS.map(({ name }) => name).join(', ')}`, {
      exitCode: 2,
    });
  const only = wholeNumber('case', values.case);
  const perDoor = Math.ceil((wholeNumber('cases', values.cases) ?? CASES_DEFAULT) / doors.length);
  const [from, to] = only === undefined ? [0, perDoor] : [only, only + 1];
  if (only !== undefined) for (const door of doors) show(door.name, caseOf(door, seed, only));
  using bar = new ProgressBar();
  const total = (to - from) * doors.length;
  const done = (cases: number): void => bar.show({ label: 'hostile inputs', done: cases, total });
  const { failed, memoryMb, slowest, ...counts } = await runWatched({
    doorsModule: new URL('./doors.ts', import.meta.url),
    names: doors.map(({ name }) => name),
    door: values.door,
    seed,
    from,
    to,
    done,
  });
  for (const failure of failed.slice(0, TOLD_MAX)) tell(failure, only !== undefined);
  const line = {
    ...counts,
    failed: failed.length,
    memoryMb: Math.ceil(memoryMb),
    slowest: { ...slowest, ms: Math.ceil(slowest.ms) },
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return failed.length === 0 && memoryMb <= MEMORY_MB_MAX ? 0 : 1;
}

function tell({ door, case: number, error }: HostileFailure, whole: boolean): void {
  const text = error instanceof Error ? String(error) : (error as string);
  process.stderr.write(`--door '${door}' --case ${number}: ${whole ? text : text.split('\n', 1)[0]}\n`);
}

function show(door: string, bytes: Uint8Array): void {
  process.stderr.write(`${door}: ${bytes.length} bytes, ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}\n`);
}

await runCommandLine(USAGE, FLAGS, main);
