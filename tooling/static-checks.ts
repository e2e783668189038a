/**
 * `npm run static`: what can be said about the tree without running it, each check to its end, the quick ones first.
 * Prints the findings of those that fail; ends with status 1 if any does.
 */
import { existsSync } from 'node:fs';
import { runCommand } from './servers/command.ts';

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** Some seconds each on an idle machine. */
const CHECK_MS_MAX = 5 * 60_000;

const bin = (name: string): string => `node_modules/.bin/${name}`;

const CHECKS: readonly Check[] = [
  { name: 'format', command: [bin('oxfmt'), '--check'] },
  { name: 'lint', command: [bin('oxlint')] },
  { name: 'types', command: [bin('tsc'), '--noEmit', '--project', '.'] },
  { name: 'types of the dashboard', command: [bin('tsc'), '--noEmit', '--project', 'serving/dashboard'] },
  { name: 'types of the load scripts', command: [bin('tsc'), '--noEmit', '--project', 'load-tests/k6'] },
  { name: 'unused code', command: [bin('knip')] },
];

for (const { name, command } of CHECKS) {
  const folder = command.at(-1) ?? '';
  if (folder.includes('/dashboard') && !existsSync(folder)) continue;
  const [program, ...args] = command;
  const startMs = performance.now();
  const { status, output } = await runCommand(program, args, { timeoutMs: CHECK_MS_MAX });
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (status === 0) continue;
  console.log(output.trimEnd());
  process.exitCode = 1;
}
