/** Brokers as they are in the field, for tests: aedes in this process, and Mosquitto where this machine has it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';
import { Aedes } from 'aedes';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';

const POLL_MS = 10;

/** A broker that a test owns. */
export interface TestBroker extends AsyncDisposable {
  readonly url: string;
  /** Cuts every connection, and is there again at once. */
  cut(): Promise<void>;
}

/** The broker aedes, which speaks 3.1.1 alone; `admits` says who may come in. */
export async function startAedes(
  admits: (user: string | undefined, password: string | undefined) => boolean = () => true,
  tls?: TlsOptions,
): Promise<TestBroker & { readonly aedes: Aedes }> {
  const aedes = await Aedes.createBroker();
  aedes.authenticate = (_client, user, password, done) => {
    const isWelcome = admits(user, password?.toString());
    done(isWelcome ? null : Object.assign(new Error('not authorized'), { returnCode: 4 }), isWelcome);
  };
  const sockets = new Set<Socket>();
  const take = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(socket);
  };
  const server = tls === undefined ? createServer(take) : createSecureServer(tls, take);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    aedes,
    url: `${tls === undefined ? 'mqtt' : 'mqtts'}://localhost:${(server.address() as AddressInfo).port}`,
    cut,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      await cut();
      await closed;
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** Mosquitto; `cut` ends the process, as on a restart of its machine, and starts it again on what it has on its disk. */
export async function startMosquitto(
  path: string,
  config: readonly string[] = ['allow_anonymous true'],
): Promise<TestBroker> {
  const folder = await makeTemporaryDirectory('mosquitto');
  const port = await freePort();
  const file = join(folder.dir, 'mosquitto.conf');
  const kept = ['persistence true', `persistence_location ${folder.dir}/`, 'max_queued_messages 0'];
  // Started by root it would become another user, who can't write to the folder.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  await writeFile(file, [`listener ${port} 127.0.0.1`, ...user, ...kept, ...config, ''].join('\n'));
  const start = async (): Promise<() => Promise<void>> => {
    const child = spawn(path, ['-c', file], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with status ${child.exitCode}`);
      await sleep(POLL_MS);
    }
    return async () => {
      process.removeListener('exit', endWithUs);
      child.kill('SIGTERM');
      await exited;
    };
  };
  let stop = await start();
  return {
    url: `mqtt://127.0.0.1:${port}`,
    cut: async () => {
      await stop();
      stop = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A port of the loopback that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether somebody listens at a port of the loopback. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
