/** Edge nodes at a broker, as they are in the field: for tests that need sockets. */
import { connectAsync, type MqttClient } from 'mqtt';
import { decodeTahu, type SentMessage, type TahuNode } from './tahu-node.fixtures.ts';
import { commandTopic, NAMESPACE } from './topic.ts';

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

  /** Resolves when the broker has taken what was said, which it does in order. */
  async isHeard(): Promise<void> {
    await this.#client.publishAsync('heard', '', { qos: 1 });
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
