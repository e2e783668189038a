import type { Logger } from 'pino';
import type { Fullness } from '#backbone/flow/fullness.ts';
import type { Heartbeat } from '#core/records/record.ts';
import { parseLedgerHead, parseRefusedFrame, parseWantedFrames } from '#core/wire/down-messages.ts';
import { type EndedMessage, parseEnded } from '#core/wire/ended-series.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { AGENT_IN_FLIGHT_BYTES_MAX, AGENT_IN_FLIGHT_MAX } from '#core/wire/limits.ts';
import { isMessageFault } from '#core/wire/message-fault.ts';
import { type DownTopic, isWanted, type LedgerHead, type RefusedFrame, type WantedFrames } from '#core/wire/topics.ts';
import type { SpooledItem } from '../spool/entry.ts';
import type { ReleasedPlaces, Spool } from '../spool/spool.ts';
import { Waiters } from '../spool/waiters.ts';
import { type Connection, ConnectionLost } from './connection.ts';
import type { Endings } from './endings.ts';
import { ACKNOWLEDGEMENT_TIMEOUT_MS, CLOSING_TIMEOUT_MS, HEARTBEAT_MS } from './limits.ts';

export interface SessionEvents {
  /** The ledger's head has come, before anything is sent. It may drop the connection. */
  readonly onHead: (head: LedgerHead) => void;
  /**
   * The broker has said what became of a frame that is in flight. The frame is released, once it is acknowledged, when this
   * has resolved; where it rejects, the connection ends and the frame is sent again.
   */
  readonly onVerdict: (refused: RefusedFrame, item: SpooledItem) => Promise<void>;
  readonly onSent: (item: SpooledItem) => void;
  /** The broker has acknowledged anything at all. */
  readonly onAcknowledged: () => void;
  readonly onReleased: (bytes: number) => void;
}

export interface SessionOptions {
  readonly connection: Connection;
  readonly spool: Spool;
  readonly heartbeat: () => Heartbeat;
  /** Awaited before anything is sent. */
  readonly acquaint: () => Promise<void>;
  readonly endings: Endings | undefined;
  readonly logger: Logger;
  readonly events: SessionEvents;
  readonly headTimeoutMs: number;
}

const PARSERS = {
  head: parseLedgerHead,
  verdict: parseRefusedFrame,
  wanted: parseWantedFrames,
  ended: parseEnded,
} as const;

/** What happens on one connection: the ledger's head, then heartbeats and a window of spooled items. */
export class Session {
  readonly #options: SessionOptions;
  readonly #window = new Waiters();
  #framesInFlight = 0;
  #bytesInFlight = 0;
  #heartbeatInFlight = false;
  /** Messages sent on this connection; a message is known by its number. */
  #sent = 0;
  /** Numbers of frames and reports in flight, ascending. */
  readonly #unacknowledged = new Set<number>();
  #acknowledgedTo = 0;
  /** Frames in flight by their numbers, and what is done about the verdicts on them. At most AGENT_IN_FLIGHT_MAX. */
  readonly #inFlight = new Map<string, SpooledItem>();
  readonly #refusing = new Map<number, Promise<void>>();
  /** When something was acknowledged last, or first sent after nothing was in flight. As of `performance.now`. */
  #progressAtMs = 0;
  #ready = false;
  #closing = false;
  /** What was acknowledged on earlier connections, in order or not. */
  readonly #releasedBefore: ReleasedPlaces;
  #hasSentAgain = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#releasedBefore = options.spool.released;
  }

  /** Runs until the connection ends, and throws the reason. `ready` is called when sending may begin. */
  async run(ready: () => void): Promise<never> {
    const { connection, heartbeat } = this.#options;
    await this.#learnHead();
    connection.ended.throwIfAborted();
    await this.#options.acquaint();
    connection.ended.throwIfAborted();
    this.#ready = true;
    ready();
    this.sendHeartbeat(heartbeat());
    const beat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    try {
      return await this.#sendAll();
    } finally {
      clearInterval(beat);
    }
  }

  /** Sends a heartbeat, unless one is still on its way: the next will say more. */
  sendHeartbeat(heartbeat: Heartbeat): void {
    const { connection, events } = this.#options;
    if (this.#heartbeatInFlight || this.#closing || connection.ended.aborted) return;
    this.#heartbeatInFlight = true;
    this.#noteSending();
    const order = ++this.#sent;
    connection.publish('heartbeat', encodeHeartbeat(heartbeat), () => {
      this.#heartbeatInFlight = false;
      this.#acknowledgedTo = Math.max(order, this.#acknowledgedTo);
      this.#noteProgress();
      events.onAcknowledged();
    });
  }

  /**
   * Sends the last heartbeat, waits until it is acknowledged, for CLOSING_TIMEOUT_MS at most, and takes leave. An agent that
   * hasn't compared itself with the ledger yet says nothing.
   */
  async close(last: Heartbeat): Promise<void> {
    const { connection } = this.#options;
    if (connection.ended.aborted) return;
    this.#closing = true;
    if (this.#ready) await this.#publishLast(last);
    await connection.leave();
  }

  #publishLast(last: Heartbeat): Promise<void> {
    const { connection } = this.#options;
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSING_TIMEOUT_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      connection.ended.addEventListener('abort', done, { once: true });
      connection.publish('heartbeat', encodeHeartbeat(last), done);
    });
  }

  /** Waits for the ledger's head. Without one the agent goes on: a number used twice is found out, as a fork. */
  async #learnHead(): Promise<void> {
    const { connection, endings, logger, events, headTimeoutMs } = this.#options;
    const come = Promise.withResolvers<LedgerHead | undefined>();
    connection.onMessage((topic, payload) => this.#take(topic, payload, come.resolve));
    const timer = setTimeout(() => come.resolve(undefined), headTimeoutMs);
    const abandon = (): void => come.resolve(undefined);
    connection.ended.addEventListener('abort', abandon, { once: true });
    await connection.subscribe(['verdict', 'head']);
    endings?.forget();
    // A broker of an earlier version has nothing to say about these.
    const ask = (topic: DownTopic): Promise<void> => connection.subscribe([topic]).catch(() => undefined);
    await Promise.all([ask('wanted'), ask('ended')]);
    const head = await come.promise;
    clearTimeout(timer);
    connection.ended.removeEventListener('abort', abandon);
    connection.ended.throwIfAborted();
    if (head !== undefined) events.onHead(head);
    else
      logger.warn(
        { waitedMs: headTimeoutMs },
        "the broker didn't say what the ledger has seen; frames are sent all the same",
      );
  }

  #take(topic: DownTopic, payload: Uint8Array, learn: (head: LedgerHead) => void): void {
    const message = PARSERS[topic](payload);
    if (isMessageFault(message))
      this.#options.logger.warn({ topic, detail: message.message }, 'the broker sent what can not be read');
    else if ('code' in message) this.#judged(message);
    else if ('ended' in message) this.#hearEnded(message);
    else if ('missing' in message) void this.#sendAgain(message);
    else learn(message);
  }

  /**
   * Sends again what was acknowledged before this connection and is still kept, as far as the server lacks it: it was
   * set back to an older copy of its disk. A connection that ends meanwhile leaves the rest to the next one.
   */
  async #sendAgain(wanted: WantedFrames): Promise<void> {
    const { connection, spool, logger } = this.#options;
    if (this.#hasSentAgain) return;
    this.#hasSentAgain = true;
    let count = 0;
    try {
      for (let place = 0; ;) {
        const item = await spool.nextKept(place, this.#releasedBefore, ({ incarnation, sequence }) =>
          isWanted(wanted, incarnation, sequence),
        );
        if (item === undefined) break;
        await this.#window.until(() => this.#hasWindow(item.bytes.length), connection.ended);
        this.#send(item, true);
        place = item.place;
        count++;
      }
    } catch (error) {
      if (!connection.ended.aborted) connection.drop(new ConnectionLost('what is kept could not be read', error));
    }
    if (count > 0)
      logger.warn({ frames: count }, 'the server had lost frames that it had acknowledged; they were sent again');
  }

  /** A broker gives its verdict before it acknowledges, so the frame is in flight yet. */
  #judged(refused: RefusedFrame): void {
    const { events, logger } = this.#options;
    const item = this.#inFlight.get(frameNumber(refused));
    if (item === undefined) {
      logger.warn(refused, 'the broker refused a frame that is not on its way');
      return;
    }
    const refusing = events.onVerdict(refused, item);
    // A failure is heard of when the frame is acknowledged; until then nobody waits for it.
    refusing.catch(() => undefined);
    this.#refusing.set(item.place, refusing);
  }

  #answered(item: SpooledItem): void {
    if (item.channel === 'frame') this.#inFlight.delete(frameNumber(item));
    if (this.#refusing.has(item.place)) {
      void this.#release(item);
      return;
    }
    this.#options.spool.release(item.place);
    this.#options.events.onReleased(item.bytes.length);
  }

  /** Releases an acknowledged item, after what its verdict asked for. */
  async #release({ place, bytes }: SpooledItem): Promise<void> {
    const { connection, spool, events } = this.#options;
    try {
      await this.#refusing.get(place);
    } catch (error) {
      connection.drop(new ConnectionLost('what was refused could not be stored', error));
      return;
    }
    this.#refusing.delete(place);
    spool.release(place);
    events.onReleased(bytes.length);
  }

  /** Sends item after item, from the first that isn't released, as the window allows. */
  async #sendAll(): Promise<never> {
    const { connection, spool } = this.#options;
    for (let place = 0; ;) {
      const item = await spool.next(place);
      connection.ended.throwIfAborted();
      if (item === undefined) {
        await spool.whenNext(place, connection.ended);
        continue;
      }
      await this.#window.until(() => this.#hasWindow(item.bytes.length), connection.ended);
      this.#send(item);
      place = item.place;
    }
  }

  fullness(): readonly Fullness[] {
    return [
      { of: 'uplink_in_flight', held: this.#framesInFlight, max: AGENT_IN_FLIGHT_MAX },
      { of: 'uplink_in_flight_bytes', held: this.#bytesInFlight, max: AGENT_IN_FLIGHT_BYTES_MAX },
    ];
  }

  #hasWindow(bytes: number): boolean {
    if (this.#closing) return false;
    if (this.#framesInFlight === 0) return true;
    return this.#framesInFlight < AGENT_IN_FLIGHT_MAX && this.#bytesInFlight + bytes <= AGENT_IN_FLIGHT_BYTES_MAX;
  }

  /** What is sent again has been counted, and released: nothing more comes of its acknowledgement. */
  #send(item: SpooledItem, isAgain = false): void {
    const { connection, events } = this.#options;
    const bytes = item.bytes.length;
    this.#noteSending();
    this.#framesInFlight++;
    this.#bytesInFlight += bytes;
    const order = ++this.#sent;
    this.#unacknowledged.add(order);
    if (item.channel === 'frame' && !isAgain) this.#inFlight.set(frameNumber(item), item);
    events.onSent(item);
    connection.publish(item.channel, item.bytes, () => {
      this.#unacknowledged.delete(order);
      this.#acknowledgedTo = Math.max(order, this.#acknowledgedTo);
      this.#framesInFlight--;
      this.#bytesInFlight -= bytes;
      this.#noteProgress();
      if (!isAgain) this.#answered(item);
      events.onAcknowledged();
      this.#window.wake();
    });
  }

  #noteSending(): void {
    if (this.#framesInFlight === 0) this.#noteProgress();
  }

  #noteProgress(): void {
    this.#progressAtMs = performance.now();
  }

  #beat(): void {
    const { connection, heartbeat } = this.#options;
    const silentMs = performance.now() - this.#progressAtMs;
    const [oldest = Number.POSITIVE_INFINITY] = this.#unacknowledged;
    if ((this.#framesInFlight > 0 || this.#heartbeatInFlight) && silentMs > ACKNOWLEDGEMENT_TIMEOUT_MS) {
      connection.drop(new ConnectionLost(`nothing was acknowledged for ${Math.round(silentMs)} ms`));
    } else if (oldest < this.#acknowledgedTo) {
      // A broker acknowledges in the order of receipt (MQTT-4.6.0-2): this frame was lost on its way.
      connection.drop(new ConnectionLost('a frame was not acknowledged, though what was sent after it was'));
    } else {
      this.#askOfEnded();
      this.sendHeartbeat(heartbeat());
    }
  }

  /** What nobody has to wait for any longer is told at once. */
  #hearEnded(message: EndedMessage): void {
    const { endings, heartbeat } = this.#options;
    endings?.told(message);
    if (this.#ready && !message.more) this.sendHeartbeat(heartbeat());
  }

  /** Asks which series are ended, where that can be told only now. */
  #askOfEnded(): void {
    const { connection, endings } = this.#options;
    if (endings?.ask() !== true) return;
    connection.subscribe(['ended']).then(endings.asked, () => undefined);
  }
}

function frameNumber({ incarnation, sequence }: Pick<SpooledItem, 'incarnation' | 'sequence'>): string {
  return `${incarnation}/${sequence}`;
}
