/** `npm run load`: puts the system under the load of a fleet and of its readers, and says what it did with it. */
import { parseArgs } from 'node:util';
import type { LoadSize, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const USAGE = `npm run load -- [SCENARIO…] [--short] [--json]

Starts a server and an agent of its own for each scenario, loads them with k6, and checks afterwards that every reading is
counted once and that a full recompute comes to the same. Ends with status 1 where it does not, or where a bound is broken.

${SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --short     a smaller load, some 20 seconds each
  --json      a line of JSON for each figure, instead of a table
`;

const asked = whatIsAsked();
if (typeof asked === 'string') {
  process.stderr.write(`${asked}\n`);
  process.exitCode = 2;
} else if (asked.isHelp) {
  process.stdout.write(USAGE);
} else {
  await runAll(asked.scenarios, asked.size, asked.asJson);
}

interface Asked {
  readonly isHelp: boolean;
  readonly scenarios: readonly Scenario[];
  readonly size: LoadSize;
  readonly asJson: boolean;
}

/** What the command line asks for, or why it can't be done. */
function whatIsAsked(): Asked | string {
  try {
    const { values, positionals } = parseArgs({
      options: { short: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    const known = SCENARIOS.map(({ name }) => name);
    const unknown = positionals.find((name) => !known.includes(name));
    if (unknown !== undefined) return `there is no scenario ${unknown}; there are ${known.join(', ')}`;
    return {
      isHelp: values.help === true,
      scenarios: SCENARIOS.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
      size: values.short === true ? 'short' : 'full',
      asJson: values.json === true,
    };
  } catch (error) {
    return `${(error as Error).message}; --help names the flags`;
  }
}

async function runAll(scenarios: readonly Scenario[], size: LoadSize, asJson: boolean): Promise<void> {
  for (const scenario of scenarios) {
    process.stderr.write(`${scenario.name}: ${scenario.summary}\n`);
    const { figures, faults, missed } = await scenario.run(size);
    for (const figure of figures) {
      const { name, value, unit } = figure;
      const row = `  ${name.padEnd(28)}${value.toLocaleString('en').padStart(12)} ${unit}`;
      process.stdout.write(`${asJson ? JSON.stringify(figure) : row}\n`);
    }
    for (const fault of faults) process.stderr.write(`  FAILED ${fault}\n`);
    for (const one of missed) process.stderr.write(`  TOO SLOW ${one}\n`);
    if (faults.length + missed.length > 0) process.exitCode = 1;
  }
}
