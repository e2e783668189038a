/** Brokers and edge nodes as they are in the field: for tests that need sockets. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { decodeTahu, type SentMessage, type TahuNode } from './tahu-node.fixtures.ts';
import { commandTopic, NAMESPACE } from './topic.ts';

export interface LiveBroker extends AsyncDisposable {
  readonly url: string;
  /** Goes away, all its connections with it, and is there again at the same address. */
  restart(): Promise<void>;
}

/** The broker aedes, in this process. */
export async function startAedes(): Promise<LiveBroker> {
  let port = 0;
  let close = async (): Promise<void> => undefined;
  const open = async (): Promise<void> => {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    close = async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => aedes.close(resolve));
    };
  };
  await open();
  return {
    url: `mqtt://127.0.0.1:${port}`,
    restart: () => close().then(open),
    [Symbol.asyncDispose]: () => close(),
  };
}

/** Eclipse Mosquitto, where it is on the PATH. */
export async function startMosquitto(): Promise<LiveBroker> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'weir-mosquitto-'));
  await writeFile(join(folder, 'conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const start = async (): Promise<() => Promise<void>> => {
    const child = spawn('mosquitto', ['-c', join(folder, 'conf')], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    while (!(await answers(port))) {
      await Promise.race([sleep(20), exited]);
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    }
    return async () => {
      child.kill('SIGKILL');
      await exited;
    };
  };
  let stop = await start();
  return {
    url: `mqtt://127.0.0.1:${port}`,
    restart: async () => {
      await stop();
      stop = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
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

/** A node at a broker: it says what it is given, and is born when it is asked to be. */
export class LiveNode implements AsyncDisposable {
  /** How often it was asked. */
  requests = 0;
  readonly #client: MqttClient;

  private constructor(client: MqttClient, births: () => readonly SentMessage[]) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      const metrics = decodeTahu(payload).metrics ?? [];
      if (!metrics.some(({ name, value }) => name === 'Node Control/Rebirth' && value === true)) return;
      this.requests++;
      void this.say(...births());
    });
  }

  /** Connects, is born, and goes on living. */
  static async start(
    url: string,
    group: string,
    name: string,
    node: TahuNode,
    births: () => readonly SentMessage[],
  ): Promise<LiveNode> {
    const will = node.will();
    const client = await connectAsync(url, {
      clean: true,
      reconnectPeriod: 0,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false },
    });
    const live = new LiveNode(client, births);
    await client.subscribeAsync(commandTopic(group, name), { qos: 1 });
    await live.say(...births());
    return live;
  }

  /** Data and births have quality of service 0 (tck-id-payloads-nbirth-qos). */
  async say(...sent: readonly SentMessage[]): Promise<void> {
    for (const { topic, payload } of sent) await this.#client.publishAsync(topic, Buffer.from(payload), { qos: 0 });
  }

  /** Dies without a word: the broker says its will. */
  async die(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#client.once('close', resolve));
    this.#client.stream.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}

/** What others hear of hosts: each state that was told, in its order. */
export async function listenForStates(url: string): Promise<AsyncDisposable & { readonly states: readonly string[] }> {
  const client = await connectAsync(url);
  const states: string[] = [];
  client.on('message', (topic, payload) => void states.push(`${topic} ${payload.toString()}`));
  await client.subscribeAsync(`${NAMESPACE}/STATE/+`, { qos: 1 });
  return { states, [Symbol.asyncDispose]: () => client.endAsync(true) };
}
