import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type NatsServer, startNatsServer } from '#tooling/servers/nats-server.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../disk/temporary-directory.ts';
import type { NatsPlace } from './nats-connection.ts';

/** A real nats-server of this test file's own, which syncs before it acknowledges. */
export interface NatsForTests {
  readonly server: NatsServer;
  /** A name on it that nothing has used yet. */
  newPlace(): NatsPlace & { readonly name: string };
  /** Kills the server (`kill -9`) and starts it again. */
  readonly restart: () => Promise<void>;
  /** The address of its monitoring page. */
  monitor(): Promise<string>;
}

/** Runs cases on a real nats-server, or says that they are left out where there is none (an error with `CI=true`). */
export async function describeOnNatsServer(cases: (nats: NatsForTests) => void): Promise<void> {
  const found = await serverForTests('nats-server');
  describe.runIf(found)('with a nats-server', () => {
    let store: TemporaryDirectory;
    let server: NatsServer;
    let places = 0;
    beforeAll(async () => {
      store = await makeTemporaryDirectory('nats');
      server = await startNatsServer({ storeDir: store.dir, syncAlways: true, config: 'http: "127.0.0.1:-1"' });
    });
    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    });
    cases({
      get server() {
        return server;
      },
      newPlace: () => ({ servers: [server.url], name: `weir-${++places}` }),
      restart: async () => {
        await server.kill('SIGKILL');
        await server.restart();
      },
      monitor: async () => {
        const ports = await readFile(join(store.dir, `nats-server_${server.pid}.ports`), 'utf8');
        const { monitoring } = JSON.parse(ports) as { monitoring: string[] };
        return monitoring[0] ?? '';
      },
    });
  });
}
