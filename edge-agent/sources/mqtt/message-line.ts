import type { PendingMessage, PendingMessages } from '../live/pending-messages.ts';
import type { Answer, Deliveries } from './deliveries.ts';
import type { PacketConnection } from './packet-connection.ts';
import type { Publish } from './publish.ts';

/** A message as it was published, with when it came in. */
export interface MqttMessage extends PendingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Whether it is what a broker had kept, and so nothing new. (A device that asks for keeping sends something new.) */
  readonly isKept: boolean;
  /** False of one that was too long; the payload is but its beginning. */
  readonly isWhole: boolean;
  /** ms since 1970. */
  readonly receivedMs: number;
}

/** Whose message it is: a device's, or one that a broker passes on; and by which connection it came. */
export interface Sender {
  readonly connection: PacketConnection;
  readonly deliveries: Deliveries;
  readonly isBroker: boolean;
}

/** What a message costs in memory beside its topic and payload. */
const OVERHEAD_BYTES = 256;

const NOTHING = (): void => undefined;

/** Who takes messages: PendingMessages do. */
export type MessageSink = Pick<PendingMessages<MqttMessage>, 'push' | 'isFull' | 'whenRoom'>;

/** Where the messages of all connections of a source come together; while there is no room, connections are not read. */
export class MessageLine {
  readonly #pending: MessageSink;
  readonly #nowMs: () => number;
  /** Messages that came again after a connection was lost, and were known. */
  repeats = 0;
  #isStopped = false;

  constructor(pending: MessageSink, nowMs: () => number) {
    this.#pending = pending;
    this.#nowMs = nowMs;
  }

  /** Takes a message; it is acknowledged, over the connection that it came by, when it is durable. Throws MqttFault. */
  take(publish: Publish, isWhole: boolean, { connection, deliveries, isBroker }: Sender): void {
    const { topic, payload, qos, isRetained } = publish;
    const acknowledged = qos === 0 ? NOTHING : deliveries.take(publish, this.#answerOver(connection));
    if (acknowledged === null) {
      this.repeats++;
      return;
    }
    const bytes = payload.length + topic.length + OVERHEAD_BYTES;
    const receivedMs = this.#nowMs();
    this.#pending.push({ topic, payload, isKept: isBroker && isRetained, isWhole, receivedMs, bytes, acknowledged });
    if (!this.#pending.isFull) return;
    connection.pause();
    this.#pending.whenRoom(() => {
      if (!this.#isStopped) connection.resume();
    });
  }

  /** Takes what a device left to be said for it, should it go without a word. */
  takeWill(topic: string, payload: Buffer): void {
    const bytes = payload.length + topic.length + OVERHEAD_BYTES;
    const receivedMs = this.#nowMs();
    this.#pending.push({ topic, payload, isKept: false, isWhole: true, receivedMs, bytes, acknowledged: NOTHING });
  }

  /** From now on messages that can't be stored end no connection: others may still be acknowledged over it. */
  stop(): void {
    this.#isStopped = true;
  }

  #answerOver(connection: PacketConnection): Answer {
    return (type, id, failure) => {
      if (failure === undefined) connection.acknowledge(type, id);
      // The sender sends it again over its next connection.
      else if (!this.#isStopped) connection.destroy(failure);
    };
  }
}
