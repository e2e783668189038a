import { crc32 } from 'node:zlib';
import { ANSWER_DOUBTED_MS, ANSWERED_MAX, RECEIVE_MAX } from './limits.ts';
import type { AcknowledgementType } from './packet-connection.ts';
import { MqttFault } from './packet-frames.ts';
import type { Publish } from './publish.ts';

/** Sends an acknowledgement over the connection that a message came by; or, with a failure, ends that connection. */
export type Answer = (type: AcknowledgementType, id: number, failure?: Error) => void;

interface Delivery {
  readonly fingerprint: number;
  answer: Answer;
  /** When it was acknowledged; undefined as long as it is not durable. */
  answeredAtMs: number | undefined;
}

/**
 * What is known of the messages of one sender, a device or a broker, over the end of its connections (MQTT 3.1.1 and 5.0,
 * section 4.3). Each is acknowledged when it is durable, and not before; the sender sends again what wasn't.
 *
 * A message of quality of service 2 is taken once, between PUBLISH and PUBREL. One of quality of service 1 may come twice,
 * where the connection ended before its acknowledgement got through: it then has the same identifier and content, says that
 * it comes again (or may not say so, as long as it was not acknowledged), and is known by these while this process lives.
 */
export class Deliveries {
  readonly #once = new Map<number, Delivery>();
  readonly #atLeastOnce = new Map<number, Delivery>();
  #answered = 0;

  /**
   * Takes a message that asks for an acknowledgement. Gives what is to be called when it is durable, or could not be made
   * so; null where it is one that was taken already, of which nothing more is to be done. Throws MqttFault.
   */
  take({ qos, id, isAgain, topic, payload }: Publish, answer: Answer): ((failure?: Error) => void) | null {
    const type = qos === 2 ? 'pubrec' : 'puback';
    const deliveries = qos === 2 ? this.#once : this.#atLeastOnce;
    const fingerprint = crc32(payload, crc32(topic));
    const known = deliveries.get(id);
    const isKnown = qos === 2 || (known?.fingerprint === fingerprint && (isAgain || known.answeredAtMs === undefined));
    if (known !== undefined && isKnown) {
      if (known.answeredAtMs === undefined) known.answer = answer;
      else answer(type, id);
      return null;
    }
    if (qos === 2 && deliveries.size >= RECEIVE_MAX) {
      throw new MqttFault(`more than ${RECEIVE_MAX} messages wait for their release`);
    }
    if (known?.answeredAtMs !== undefined) this.#answered--;
    const delivery: Delivery = { fingerprint, answer, answeredAtMs: undefined };
    // Anew, so that the oldest stand first.
    deliveries.delete(id);
    deliveries.set(id, delivery);
    return (failure) => {
      const isCurrent = deliveries.get(id) === delivery;
      if (failure !== undefined) {
        if (isCurrent) deliveries.delete(id);
        delivery.answer(type, id, failure);
        return;
      }
      delivery.answeredAtMs = performance.now();
      if (isCurrent && qos === 1 && ++this.#answered > ANSWERED_MAX) this.#forgetOldest();
      delivery.answer(type, id);
    };
  }

  /** The sender knows that a message of quality of service 2 was taken (PUBREL): its identifier may name another one. */
  release(id: number): void {
    this.#once.delete(id);
  }

  /** The connection has ended: what was acknowledged long before has got through. */
  disconnected(): void {
    const sinceMs = performance.now() - ANSWER_DOUBTED_MS;
    for (const [id, { answeredAtMs }] of this.#atLeastOnce) {
      if (answeredAtMs === undefined || answeredAtMs >= sinceMs) continue;
      this.#atLeastOnce.delete(id);
      this.#answered--;
    }
  }

  /**
   * The sender begins anew, so what it sends under an old identifier is another message, unless it says that it comes
   * again: many a device sends again what was not acknowledged also then.
   */
  beginAnew(): void {
    this.#once.clear();
  }

  #forgetOldest(): void {
    for (const [id, { answeredAtMs }] of this.#atLeastOnce) {
      if (answeredAtMs === undefined) continue;
      this.#atLeastOnce.delete(id);
      this.#answered--;
      return;
    }
  }
}
