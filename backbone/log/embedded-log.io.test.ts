import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLogCases } from './log.cases.ts';
import { runLogCrashCases } from './log-crash.cases.ts';
import type { LogHarness } from './log-harness.ts';

runLogCases('embedded', makeHarness);
runLogCrashCases('embedded', makeHarness);

async function makeHarness(): Promise<LogHarness & { readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-log-'));
  return {
    dir,
    opening: { module: import.meta.resolve('./embedded-log.ts'), open: 'openEmbeddedLog', options: { dir } },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
