/** `npm run load`: puts the system under the load of a fleet and of its readers, and says what it did with it. */
import { parseArgs } from 'node:util';
import { describeFailure, UserError } from '#cli/failure.ts';
import type { LoadSize } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const USAGE = `npm run load -- [SCENARIO…] [--short] [--json]

Starts a server and an agent of its own for each scenario, loads them with k6, and checks afterwards that every reading is
counted once and that a full recompute comes to the same. Ends with status 1 where it does not, or where a bound is broken.

${SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --short     a smaller load, some 20 seconds each
  --json      a line of JSON for each figure, instead of a table
`;

try {
  const { values, positionals } = parseArgs({
    options: { short: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) process.stdout.write(USAGE);
  else await runAll(positionals, values.short === true ? 'short' : 'full', values.json === true);
} catch (error) {
  const { message, exitCode } = describeFailure(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}

async function runAll(names: readonly string[], size: LoadSize, asJson: boolean): Promise<void> {
  const unknown = names.find((name) => !SCENARIOS.some((one) => one.name === name));
  if (unknown !== undefined) {
    const known = SCENARIOS.map(({ name }) => name).join(', ');
    throw new UserError(`there is no scenario ${unknown}; there are ${known}`, { exitCode: 2 });
  }
  for (const scenario of SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name))) {
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
