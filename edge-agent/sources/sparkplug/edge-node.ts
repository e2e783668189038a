import { strict as assert } from 'node:assert';
import { DEFINITIONS_MAX, DEVICES_MAX, HELD_MESSAGES_MAX, REBIRTH_AGAIN_MS, REBIRTH_AGAIN_MS_MAX } from './limits.ts';
import { type MetricDefinition, MetricTable, type Unresolved } from './metric-table.ts';
import { type SparkplugMetric, type SparkplugPayload, timestampMs, toNumber } from './payload.ts';
import type { MessageTopic } from './topic.ts';

/** When an edge node is to be asked for its births: not while they may still come by themselves, and not too often. */
class RebirthRequest {
  #dueMs = Number.POSITIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #againMs = REBIRTH_AGAIN_MS;

  /** Says that births are missed, and are to be asked for at `atMs` unless that would be too soon. */
  want(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, Math.max(atMs, this.#askedMs + this.#againMs));
  }

  /** They have come. */
  clear(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Whether to ask now; the caller does. Who has to be asked again and again is asked less often each time. */
  take(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    const isSoon = nowMs - this.#askedMs <= 2 * this.#againMs;
    this.#againMs = isSoon ? Math.min(2 * this.#againMs, REBIRTH_AGAIN_MS_MAX) : REBIRTH_AGAIN_MS;
    this.#askedMs = nowMs;
    this.#dueMs = Number.POSITIVE_INFINITY;
    return true;
  }
}

/** A message of an edge node. */
export interface NodeMessage {
  readonly topic: MessageTopic;
  readonly payload: SparkplugPayload;
  /** What it holds in memory, about. */
  readonly bytes: number;
}

/** A metric that is to become readings. */
export interface TakenMetric {
  readonly definition: MetricDefinition;
  readonly metric: SparkplugMetric;
  /** Its own time, else that of its message, in ms; NaN where neither has one. */
  readonly atMs: number;
}

/** What became of a message, in the order in which the node sent them as far as that can be known. */
export interface TakenMessage<Message extends NodeMessage = NodeMessage> {
  readonly message: Message;
  readonly metrics: readonly TakenMetric[];
  /** Why some of its metrics, which may be meant by rules, are not among those; null where all are. */
  readonly refused: string | null;
  /** Whether it ends what its topic speaks of: a device, or the node with all its devices. */
  readonly ends: boolean;
}

/** What the nodes of a source share. */
export interface EdgeNodeOptions<Message extends NodeMessage> {
  /** Whether a rule takes a metric of this name. */
  readonly isTaken: (name: string) => boolean;
  /** How long a message that is missing is waited for, and births that may come by themselves are. */
  readonly reorderMs: number;
  readonly deliver: (taken: TakenMessage<Message>) => void;
  readonly held: Budget;
  readonly definitions: Budget;
  /** Called when messages that are missing are waited for no longer. */
  readonly onGap?: () => void;
}

/** Room that several share. */
export class Budget {
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  /** Whether there was room; then it is taken. */
  take(amount: number): boolean {
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }

  give(amount: number): void {
    this.#left += amount;
  }
}

const SEQ_COUNT = 256;
const BDSEQ_METRIC = 'bdSeq';

/**
 * What a host application knows of one edge node (Eclipse Sparkplug 3.0, §5): whether it is there, which metrics its
 * births defined, and which message it is to send next. Decides what becomes of a message; time is an argument, of a
 * clock that doesn't go back.
 *
 * A message whose number isn't the next one waits for those before it. Where they don't come in time, it is taken as it
 * is, and the node is asked for its births; what a message says by aliases that no birth has defined is refused.
 *
 * Law: each message that was received is delivered once, those of a session in the order of their numbers as far as
 * the numbers before them came in time.
 */
export class EdgeNode<Message extends NodeMessage = NodeMessage> {
  readonly rebirth = new RebirthRequest();
  readonly #options: EdgeNodeOptions<Message>;
  /** What the node's death has to say to be that of this session; undefined where its birth didn't tell. */
  #bdSeq: string | undefined;
  #isAlive = false;
  #nextSeq = 0;
  /** What waits for a message before it, and since when, by its number. */
  readonly #held = new Map<number, { readonly message: Message; readonly sinceMs: number }>();
  /** By device; the node's own is that of null. */
  readonly #tables = new Map<string | null, { readonly table: MetricTable; readonly size: number }>();

  constructor(options: EdgeNodeOptions<Message>) {
    this.#options = options;
  }

  /** Whether it was born and has not died since. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  receive(message: Message, atMs: number): void {
    switch (message.topic.type) {
      case 'NBIRTH':
        return this.#birth(message, atMs);
      case 'NDEATH':
        return this.#death(message, atMs);
      case 'DBIRTH':
      case 'DDATA':
      case 'DDEATH':
      case 'NDATA':
        return this.#inTurn(message, atMs);
      default:
        assert.fail(`a message is ${message.topic.type satisfies never}`);
    }
  }

  /** What time alone changes: what was missing for too long is waited for no longer. */
  tick(atMs: number): void {
    for (const { sinceMs } of this.#held.values()) {
      if (atMs - sinceMs >= this.#options.reorderMs) return this.#giveUp(atMs);
    }
  }

  /** Forgets the session, of which messages may have been missed, and wants the births of the next one by `atMs`. */
  leave(atMs: number): void {
    this.#end(atMs);
    this.rebirth.want(atMs);
  }

  #birth(message: Message, atMs: number): void {
    this.#end(atMs);
    this.rebirth.clear();
    this.#isAlive = true;
    this.#bdSeq = bdSeqOf(message.payload);
    this.#nextSeq = (message.payload.seq + 1) % SEQ_COUNT;
    this.#takeBirth(message, atMs);
  }

  /** A death of another session than this one may come after the birth of this one, and concerns nobody any more. */
  #death(message: Message, atMs: number): void {
    const isOfAnother = this.#isAlive && bdSeqOf(message.payload) !== this.#bdSeq;
    if (this.#isAlive && !isOfAnother) {
      this.#end(atMs);
      this.rebirth.clear();
    }
    this.#options.deliver({ message, metrics: [], refused: null, ends: !isOfAnother });
  }

  #inTurn(message: Message, atMs: number): void {
    if (!this.#isAlive) return this.#take(message, atMs, null, isDeath(message));
    const { seq } = message.payload;
    const ahead = (seq - this.#nextSeq + SEQ_COUNT) % SEQ_COUNT;
    if (ahead >= SEQ_COUNT / 2) {
      // Its place was given up, or somebody counts anew without a birth.
      this.rebirth.want(atMs);
      return this.#take(message, atMs, null);
    }
    if (ahead > 0) return this.#hold(message, atMs);
    this.#apply(message, atMs);
    this.#drain(atMs);
  }

  #hold(message: Message, atMs: number): void {
    const { seq } = message.payload;
    const isFull =
      this.#held.size >= HELD_MESSAGES_MAX || this.#held.has(seq) || !this.#options.held.take(message.bytes);
    if (isFull) this.#giveUp(atMs, message);
    else this.#held.set(seq, { message, sinceMs: atMs });
  }

  /** Takes those that have waited for the message before them. */
  #drain(atMs: number): void {
    for (let next = this.#held.get(this.#nextSeq); next !== undefined; next = this.#held.get(this.#nextSeq)) {
      this.#release(next.message);
      this.#apply(next.message, atMs);
    }
  }

  /** Waits no longer for what is missing, and asks for the births that may have been among it. */
  #giveUp(atMs: number, ...come: readonly Message[]): void {
    this.#options.onGap?.();
    this.#takeWaiting(atMs, ...come);
    this.rebirth.want(atMs);
  }

  /** Takes what waits, and what has come but can't wait, in order. */
  #takeWaiting(atMs: number, ...come: readonly Message[]): void {
    const first = this.#nextSeq;
    const order = ({ payload: { seq } }: Message): number => (seq - first + SEQ_COUNT) % SEQ_COUNT;
    const waiting = Array.from(this.#held.values(), ({ message }) => message);
    for (const message of waiting) this.#release(message);
    for (const message of [...waiting, ...come].toSorted((a, b) => order(a) - order(b))) this.#apply(message, atMs);
  }

  #release(message: Message): void {
    this.#held.delete(message.payload.seq);
    this.#options.held.give(message.bytes);
  }

  /** Takes a message of the session as the one that is next. */
  #apply(message: Message, atMs: number): void {
    this.#nextSeq = (message.payload.seq + 1) % SEQ_COUNT;
    const { type, device } = message.topic;
    if (type === 'DBIRTH') this.#takeBirth(message, atMs);
    else this.#take(message, atMs, null, isDeath(message));
    if (isDeath(message)) this.#forget(device);
  }

  /** What follows was not said in this session: what waits is taken, and what its births defined is forgotten. */
  #end(atMs: number): void {
    this.#takeWaiting(atMs);
    this.#isAlive = false;
    for (const device of this.#tables.keys()) this.#forget(device);
  }

  #takeBirth(message: Message, atMs: number): void {
    const { device } = message.topic;
    const { metrics } = message.payload;
    this.#forget(device);
    // A device without metrics has to be remembered too.
    const size = metrics.length + 1;
    const hasRoom = this.#tables.size <= DEVICES_MAX && this.#options.definitions.take(size);
    if (hasRoom) {
      this.#tables.set(device, { table: new MetricTable(metrics, this.#options.isTaken), size });
    }
    this.#take(message, atMs, hasRoom ? null : NO_ROOM);
  }

  #forget(device: string | null): void {
    this.#options.definitions.give(this.#tables.get(device)?.size ?? 0);
    this.#tables.delete(device);
  }

  #take(message: Message, atMs: number, fault: string | null, ends = false): void {
    const { payload, topic } = message;
    const table = this.#tables.get(topic.device)?.table ?? new MetricTable([], this.#options.isTaken);
    const metrics: TakenMetric[] = [];
    let refused = fault;
    for (const metric of payload.metrics) {
      const definition = table.resolve(metric);
      if (typeof definition === 'object') {
        const ownMs = timestampMs(metric.timestamp);
        metrics.push({ definition, metric, atMs: Number.isNaN(ownMs) ? payload.atMs : ownMs });
      } else if (definition !== 'untaken') refused ??= REFUSED[definition];
      if (definition === 'unknown') this.rebirth.want(atMs + this.#options.reorderMs);
    }
    this.#options.deliver({ message, metrics, refused, ends });
  }
}

const REFUSED: Readonly<Record<Exclude<Unresolved, 'untaken'>, string>> = {
  unknown: 'has metrics that only a birth, which was not seen or had no room, gives a name or a datatype',
  ambiguous: 'has metrics by an alias that their birth gave to two of them',
};

const NO_ROOM = `has no room: a node has up to ${DEVICES_MAX} devices, and all nodes together ${DEFINITIONS_MAX} metrics`;

function isDeath({ topic }: NodeMessage): boolean {
  return topic.type === 'DDEATH';
}

function bdSeqOf({ metrics }: SparkplugPayload): string | undefined {
  const metric = metrics.find(({ name }) => name === BDSEQ_METRIC);
  if (metric === undefined) return undefined;
  return String(metric.value === 'intValue' ? metric.intValue : toNumber(metric.longValue));
}
