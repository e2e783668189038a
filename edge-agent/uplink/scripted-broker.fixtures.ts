import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Heartbeat } from '#core/records/record.ts';
import type { EndedMessage } from '#core/wire/ended-series.ts';
import { agentTopic, type DownTopic, type LedgerHead } from '#core/wire/topics.ts';

export const AGENT = 'roof-1';

export interface WebSocketDoor {
  readonly port: number;
  /** The path and protocol of each that came. */
  readonly asked: readonly string[];
  cut(): void;
  close(): Promise<void>;
}

/** A broker that is told by the test what to acknowledge: aedes bare, on a port that it can come back to. */
export class ScriptedBroker {
  readonly taken: { readonly topic: string; readonly payload: Buffer; readonly acknowledge: () => void }[] = [];
  readonly gone: string[] = [];
  head: LedgerHead | null = { incarnation: 0, highestSequence: 0 };
  /** What is told to who asks which series are ended, and how often that was asked. */
  ended: EndedMessage = { ended: [], more: false };
  askedOfEnded = 0;
  holds = false;
  port = 0;
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authorizePublish: (client, packet, done) => {
        // A client that is closed publishes its last will.
        if (client?.closed === true) this.gone.push(packet.topic);
        else this.#take(packet, done);
      },
    });
    aedes.on('subscribe', (subscriptions, client) => {
      const isAsked = (topic: DownTopic): boolean =>
        subscriptions.some((one) => one.topic === agentTopic(AGENT, topic));
      const tell = (topic: DownTopic, body: object): void => {
        const payload = Buffer.from(JSON.stringify(body));
        const packet = { cmd: 'publish', topic: agentTopic(AGENT, topic), payload, qos: 0, dup: false, retain: false };
        client.publish(packet as PublishPacket, () => undefined);
      };
      if (this.head !== null && isAsked('head')) tell('head', this.head);
      if (!isAsked('ended')) return;
      this.askedOfEnded++;
      tell('ended', this.ended);
    });
    const server = createServer((socket) => void aedes.handle(socket));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#aedes = aedes;
    this.#server = server;
  }

  /** The same broker by WebSocket, at a port of its own. */
  async openWebSocketDoor(): Promise<WebSocketDoor> {
    const asked: string[] = [];
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket, request) => {
      asked.push(`${request.url} ${socket.protocol}`);
      void this.#aedes?.handle(createWebSocketStream(socket));
    });
    await once(server, 'listening');
    const cut = (): void => server.clients.forEach((socket) => socket.terminate());
    const close = async (): Promise<void> => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    };
    return { port: (server.address() as AddressInfo).port, asked, cut, close };
  }

  async stop(): Promise<void> {
    const [aedes, server] = [this.#aedes, this.#server];
    if (aedes === undefined || server === undefined) return;
    this.#aedes = undefined;
    await new Promise<void>((resolve) => server.close(() => resolve()) && aedes.close());
  }

  say(topic: 'verdict' | 'wanted', body: unknown): void {
    const payload = Buffer.from(JSON.stringify(body));
    this.#aedes?.publish(
      { cmd: 'publish', topic: agentTopic(AGENT, topic), payload, qos: 0, dup: false, retain: false },
      () => undefined,
    );
  }

  frames(): number[] {
    return this.taken
      .filter(({ topic }) => topic === agentTopic(AGENT, 'frame'))
      .map(({ payload }) => payload.readUInt32LE(0));
  }

  heartbeats(): Heartbeat[] {
    const beats = this.taken.filter(({ topic }) => topic === agentTopic(AGENT, 'heartbeat'));
    return beats.map(({ payload }) => JSON.parse(payload.toString()) as Heartbeat);
  }

  #take(packet: PublishPacket, done: (error?: Error | null) => void): void {
    const acknowledge = (): void => done(null);
    this.taken.push({ topic: packet.topic, payload: Buffer.from(packet.payload), acknowledge });
    if (!this.holds) acknowledge();
  }
}
