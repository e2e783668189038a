import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerNotReady, startNatsServer } from './nats-server.ts';
import { serverForTests } from './server-for-tests.ts';

const natsServer = await serverForTests('nats-server');

describe.runIf(natsServer)('a nats-server of a test', () => {
  let storeDir = '';
  beforeEach(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'weir nats '));
  });
  afterEach(async () => {
    await rm(storeDir, { recursive: true, force: true });
  });

  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('keeps what it acknowledged when it is killed and restarted, on the same address', async () => {
    await using server = await startNatsServer({ storeDir, syncAlways: true });
    const first = await connect({ servers: server.url });
    await (await jetstreamManager(first)).streams.add({ name: 'readings', subjects: ['r'] });
    expect((await jetstream(first).publish('r', 'one')).seq).toBe(1);
    const { pid } = server;
    await server.kill();
    await first.close();
    expect(isAlive(pid)).toBe(false);

    await server.restart();
    expect(server.pid).not.toBe(pid);
    const second = await connect({ servers: server.url });
    expect((await jetstream(second).publish('r', 'two')).seq).toBe(2);
    await second.close();
  });

  it('takes payloads of eight megabytes and syncs always when asked', async () => {
    await using server = await startNatsServer({ storeDir, syncAlways: true });
    const connection = await connect({ servers: server.url });
    expect(connection.info?.max_payload).toBe(8 * 1024 * 1024);
    expect(connection.info?.jetstream).toBe(true);
    expect(await readFile(join(storeDir, 'nats-server.conf'), 'utf8')).toContain('sync_interval: always');
    await connection.close();
  });

  it('ends with its scope', async () => {
    let pid: number;
    {
      await using server = await startNatsServer({ storeDir, syncAlways: false });
      ({ pid } = server);
      expect(isAlive(pid)).toBe(true);
    }
    expect(isAlive(pid)).toBe(false);
  });

  it('says why it did not start when its port is taken', async () => {
    await using holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startNatsServer({ storeDir, syncAlways: false, port });
    await expect(start).rejects.toThrow(ServerNotReady);
    await expect(start).rejects.toThrow(/address already in use/);
  });
});
