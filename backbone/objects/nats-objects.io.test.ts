import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { startNatsServer } from '#tooling/servers/nats-server.ts';
import { runObjectsCases } from './objects.cases.ts';
import { openNatsObjects } from './nats-objects.ts';

let storeDir: string;
let server: Awaited<ReturnType<typeof startNatsServer>>;
let stores = 0;

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

runObjectsCases('nats', async () => {
  const options = { servers: [server.url], name: `weir-${++stores}` };
  return {
    open: () => openNatsObjects(options),
    [Symbol.asyncDispose]: async () => {},
  };
});
