import { mkdir, readFile, writeFile } from 'node:fs/promises';
/** `npm run docs:performance [-- --measure NAME…]`: runs what is named and keeps the results, then writes what is told of them. */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { startNode } from '#tooling/processes/node-process.ts';
import { describeMachine } from '../measure.ts';
import type { Figure } from '../measure.ts';
import { performancePage, readmeTable, withMeasured } from './performance-page.ts';
import { readResults, RESULTS, RUN_NAMES, type RunName, type StoredRun } from './stored-run.ts';

/** What is run for each, from the root of the checkout; it prints a line of JSON for each figure. */
const SCRIPTS: Readonly<Record<RunName, readonly string[]>> = {
  bench: ['cli/weir.ts', 'bench', '--json'],
  year: ['cli/weir.ts', 'bench', 'year', '--json'],
  'line-protocol': ['load-tests/pieces/line-protocol.bench.ts'],
  mqtt: ['load-tests/pieces/mqtt.bench.ts'],
  sparkplug: ['load-tests/pieces/sparkplug.bench.ts'],
  load: ['load-tests/load/main.ts', '--json'],
  growth: ['load-tests/growth/main.ts', '--json', '--pictures', 'docs/images'],
};
const ROOT = new URL('../../', import.meta.url);
/** What is said of a bound that was not kept, without the figures that k6 puts behind it. */
const COMPLAINT = /^\s*(?:FAILED|TOO SLOW) (.*?)(?: \(\{.*\}\))?$/;

const { values, positionals } = parseArgs({ options: { measure: { type: 'boolean' } }, allowPositionals: true });
const named = positionals.map((name) => RUN_NAMES.find((one) => one === name) ?? name);
const unknown = named.find((name) => !RUN_NAMES.includes(name as RunName));
if (unknown !== undefined || (values.measure === true) !== named.length > 0) {
  process.stderr.write(`give --measure and what to run, of ${RUN_NAMES.join(', ')}; or nothing\n`);
  process.exitCode = 2;
} else {
  for (const name of named as readonly RunName[]) await measureAndKeep(name);
  await writeReport();
}

async function measureAndKeep(name: RunName): Promise<void> {
  const [script, ...args] = SCRIPTS[name];
  await using running = startNode(new URL(script!, ROOT), args, { cwd: ROOT.pathname });
  running.process.stderr.pipe(process.stderr);
  const figures: Figure[] = [];
  for await (const line of createInterface({ input: running.process.stdout })) {
    figures.push(JSON.parse(line) as Figure);
    process.stderr.write(`${line}\n`);
  }
  await running.ended;
  const complaints = running
    .stderr()
    .split('\n')
    .flatMap((line) => COMPLAINT.exec(line)?.[1] ?? []);
  if (figures.length === 0) throw new Error(`${name} measured nothing: ${running.stderr()}`);
  const run: StoredRun = { machine: describeMachine(), figures, complaints };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL(`${name}.json`, RESULTS), `${JSON.stringify(run, undefined, 2)}\n`);
}

async function writeReport(): Promise<void> {
  const results = await readResults();
  await writeFile(new URL('docs/performance.md', ROOT), performancePage(results));
  const readme = new URL('README.md', ROOT);
  await writeFile(readme, withMeasured(await readFile(readme, 'utf8'), readmeTable(results)));
}
