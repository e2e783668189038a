import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { runLogCases } from './log.cases.ts';
import { runLogCrashCases, runLogServerCrashCases } from './log-crash.cases.ts';
import type { LogServerHarness } from './log-harness.ts';

let storeDir: string;
let server: Awaited<ReturnType<typeof startNatsServer>>;
let logs = 0;

// The first start may build the server.
const SERVER_PATIENCE_MS = 240_000;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'weir-nats-'));
  server = await startNatsServer({ storeDir, syncAlways: true });
}, SERVER_PATIENCE_MS);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(storeDir, { recursive: true, force: true });
});

async function makeHarness(): Promise<LogServerHarness> {
  return {
    opening: {
      module: import.meta.resolve('./nats-log.ts'),
      open: 'openNatsLog',
      options: { servers: [server.url], name: `weir-${++logs}` },
    },
    restartStorage: async () => {
      await server.kill('SIGKILL');
      await server.restart();
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

runLogCases('nats', makeHarness);
runLogCrashCases('nats', makeHarness);
runLogServerCrashCases('nats', makeHarness);
