/** An edge node as others write it: payloads by Eclipse Tahu's own library, sessions as the specification says. */
import tahu from 'sparkplug-payload';
import { NAMESPACE } from './topic.ts';

const library = tahu.get(NAMESPACE);
if (library === null) throw new Error('the library knows this namespace');
export const { encodePayload, decodePayload: decodeTahu } = library;

/** A payload as the library's users write it. */
export type TahuPayload = Parameters<typeof encodePayload>[0];
export type TahuMetric = NonNullable<TahuPayload['metrics']>[number];

export interface SentMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** A double by name or by alias, of a time in ms. */
export function double(of: string | number, value: number | null, timestamp: number): TahuMetric {
  return { ...(typeof of === 'string' ? { name: of } : { alias: of }), value, timestamp, type: 'Double' };
}

/** What a birth says of a metric that goes by an alias from then on. */
export function born(name: string, alias: number, value: number, timestamp: number): TahuMetric {
  return { name, alias, value, timestamp, type: 'Double' };
}

/** Writes what a node sends. Sequence numbers go on by themselves; whoever wants one lost throws a message away. */
export class TahuNode {
  readonly #group: string;
  readonly #node: string;
  #seq = 0;
  #bdSeq: number;

  constructor(group: string, node: string, bdSeq = 0) {
    this.#group = group;
    this.#node = node;
    this.#bdSeq = bdSeq;
  }

  birth(metrics: readonly TahuMetric[], timestamp: number, seq = 0): SentMessage {
    this.#seq = seq;
    const control: readonly TahuMetric[] = [
      { name: 'bdSeq', value: this.#bdSeq, type: 'Int64', timestamp },
      { name: 'Node Control/Rebirth', value: false, type: 'Boolean', timestamp },
    ];
    return this.#send('NBIRTH', null, [...control, ...metrics], timestamp);
  }

  /** What the broker says when the node is gone: the death of the session. */
  will(): SentMessage {
    const metrics: TahuMetric[] = [{ name: 'bdSeq', value: this.#bdSeq, type: 'Int64' }];
    return { topic: this.#topic('NDEATH', null), payload: encodePayload({ timestamp: 1, metrics }) };
  }

  /** The death of the session; the next birth is that of the next one. */
  death(): SentMessage {
    const will = this.will();
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    return will;
  }

  data(metrics: readonly TahuMetric[], timestamp: number): SentMessage {
    return this.#send('NDATA', null, metrics, timestamp);
  }

  deviceBirth(device: string, metrics: readonly TahuMetric[], timestamp: number): SentMessage {
    return this.#send('DBIRTH', device, metrics, timestamp);
  }

  deviceData(device: string, metrics: readonly TahuMetric[], timestamp: number): SentMessage {
    return this.#send('DDATA', device, metrics, timestamp);
  }

  deviceDeath(device: string, timestamp: number): SentMessage {
    return this.#send('DDEATH', device, [], timestamp);
  }

  #send(type: string, device: string | null, metrics: readonly TahuMetric[], timestamp: number): SentMessage {
    const payload = encodePayload({ timestamp, metrics: [...metrics], seq: this.#seq });
    this.#seq = (this.#seq + 1) % 256;
    return { topic: this.#topic(type, device), payload };
  }

  #topic(type: string, device: string | null): string {
    return [NAMESPACE, this.#group, type, this.#node, ...(device === null ? [] : [device])].join('/');
  }
}
