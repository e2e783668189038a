import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import { createInbox, type Msg } from '@nats-io/transport-node';
import { type NatsLink, type NatsPlace, openNatsLink } from '../nats/nats-connection.ts';
import { AppendWindow } from './append-window.ts';
import {
  APPENDS_IN_FLIGHT_BYTES_MAX,
  APPENDS_IN_FLIGHT_MAX,
  type FollowOptions,
  type Log,
  type LogBounds,
  type LogEntry,
  type LogReport,
  PARTITIONS_MAX,
} from './log.ts';
import { LogClosed, LogPositionAhead, LogPositionGone, LogRecordTooLarge, LogUnavailable } from './log-errors.ts';
import { NatsAppendLane, parseStoreAnswer, type StoreAnswer } from './nats-append-lane.ts';
import { askSync, recordBytesMaxOf, reportOf } from './nats-log-report.ts';
import { type NatsLogFacts, prepareStreams, recordSubject, storedSubject, streamName } from './nats-log-streams.ts';
import { readStream } from './nats-reader.ts';

/** How often lanes look for records without an acknowledgement. */
const TICK_MS = 50;

/** How long `read`, `bounds` and `trim` try again while the server doesn't answer, before they throw LogUnavailable. */
export const ANSWER_PATIENCE_MS = 10_000;

/**
 * How often a read that found nothing looks again when the bounds say that there is something: it was stored in between,
 * or, on a cluster, the server that was read from is behind the leader, whose bounds these are.
 */
const READ_TRIES_MAX = 3;

/** The pause between two tries. */
const RETRY_PAUSE_MS = 100;

/** A follower at the end asks again after so long, in case the word of a new record was lost on the way. */
export const DOORBELL_PATIENCE_MS = 1_000;

/** How long disposal waits for appends in flight; then they are given up with LogClosed. */
export const CLOSE_PATIENCE_MS = 2_000;

export interface NatsLogOptions extends NatsPlace {
  /** How many partitions; may be left out when the log exists. */
  readonly partitions?: number | undefined;
  /** Copies of each record on different servers of a cluster (1, 3 or 5), for a log that is made. */
  readonly replicas?: number | undefined;
  /** The address of the server's monitoring page, by which the report learns how often it syncs. */
  readonly monitor?: string | undefined;
}

/**
 * Opens the log on a nats-server with JetStream, one stream per partition, positions being the stream's sequences; makes
 * it when it isn't there. Appends and followers outlive restarts of the server.
 *
 * Throws NatsUnreachable, NatsUnsuitable, LogPartitionsMismatch, LogPartitionsMissing, LogNewerFormat, LogMisconfigured.
 */
export async function openNatsLog(options: NatsLogOptions): Promise<Log> {
  const { partitions: asked, replicas = 1, monitor } = options;
  assert(
    asked === undefined || (Number.isInteger(asked) && asked >= 1 && asked <= PARTITIONS_MAX),
    `a log has 1 to ${PARTITIONS_MAX} partitions, not ${asked}`,
  );
  const link = await openNatsLink(options);
  try {
    return new NatsLog(link, await prepareStreams(link, asked, replicas), monitor);
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

class NatsLog implements Log {
  readonly partitions: number;
  readonly generation: string;
  readonly #link: NatsLink;
  readonly #facts: NatsLogFacts;
  readonly #place: string;
  readonly #monitor: string | undefined;
  readonly #recordBytesMax: number;
  readonly #window = new AppendWindow({ count: APPENDS_IN_FLIGHT_MAX, bytes: APPENDS_IN_FLIGHT_BYTES_MAX });
  readonly #lanes: NatsAppendLane[];
  readonly #ticker: NodeJS.Timeout;
  #closed = false;
  #inFlight = 0;
  #allSettled: (() => void) | undefined;

  constructor(link: NatsLink, facts: NatsLogFacts, monitor: string | undefined) {
    this.#link = link;
    this.#facts = facts;
    this.#monitor = monitor;
    this.partitions = facts.partitions;
    this.generation = facts.generation;
    this.#place = link.servers.join(', ');
    this.#recordBytesMax = recordBytesMaxOf(link.connection.info?.max_payload ?? 0);
    const inbox = createInbox();
    this.#lanes = Array.from(
      { length: facts.partitions },
      (_, partition) =>
        new NatsAppendLane({
          connection: link.connection,
          place: this.#place,
          subject: recordSubject(link.name, partition),
          inbox: `${inbox}.${partition}`,
          partition,
          nowMs: () => performance.now(),
        }),
    );
    link.connection.subscribe(`${inbox}.*.*`, { callback: (_error, message) => this.#acknowledge(message) });
    this.#ticker = setInterval(() => this.#eachLane((lane) => lane.tick()), TICK_MS);
    this.#ticker.unref();
    link.listen({
      disconnected: () => this.#eachLane((lane) => lane.disconnected()),
      reconnected: () => this.#eachLane((lane) => lane.reconnected()),
    });
  }

  append(partition: number, bytes: Uint8Array): Promise<number> {
    const lane = this.#laneOf(partition);
    assert(bytes.length > 0, 'a record has at least one byte');
    if (this.#closed) return Promise.reject(new LogClosed(this.#place));
    if (bytes.length > this.#recordBytesMax) {
      return Promise.reject(new LogRecordTooLarge(bytes.length, this.#recordBytesMax));
    }
    this.#inFlight++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#window.leave(bytes.length);
        if (--this.#inFlight === 0) this.#allSettled?.();
      };
      this.#window.enter(bytes.length, () => {
        lane.append(
          bytes,
          (position) => {
            resolve(position);
            leave();
          },
          (error) => {
            reject(error);
            leave();
          },
        );
      });
    });
  }

  async read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]> {
    this.#laneOf(partition);
    assert(Number.isSafeInteger(from) && from >= 1, `positions begin at 1, not ${from}`);
    return this.#patiently(() => this.#readOnce(partition, from, limit.bytes));
  }

  async *follow(partition: number, from: number, options: FollowOptions): AsyncGenerator<readonly LogEntry[]> {
    const { signal, bytesMax } = options;
    const bell = new Doorbell(this.#link, storedSubject(this.#link.name, partition), signal);
    let next = from;
    try {
      while (!signal.aborted) {
        const mark = bell.mark();
        const entries = await this.#untilAnswered(() => this.read(partition, next, { bytes: bytesMax }), signal);
        const final = entries?.at(-1);
        if (signal.aborted || entries === undefined) return;
        if (final === undefined) {
          await bell.rung(mark);
        } else {
          next = final.position + 1;
          yield entries;
        }
      }
    } finally {
      bell.close();
    }
  }

  async bounds(partition: number): Promise<LogBounds> {
    this.#laneOf(partition);
    return this.#patiently(() => this.#boundsOnce(partition));
  }

  async trim(partition: number, before: number): Promise<void> {
    assert(Number.isSafeInteger(before) && before >= 1, `positions begin at 1, not ${before}`);
    const { first, last } = await this.bounds(partition);
    if (before > last + 1) throw new LogPositionAhead(partition, before, last);
    if (before <= first) return;
    const stream = streamName(this.#link.name, partition);
    await this.#patiently(() => this.#link.ask(() => this.#link.manager.streams.purge(stream, { seq: before })));
  }

  async report(): Promise<LogReport> {
    const streams = await this.#patiently(() => {
      const names = Array.from(this.#lanes, (_, partition) => streamName(this.#link.name, partition));
      return this.#link.ask(() =>
        Promise.all(names.map((name): Promise<StreamInfo> => this.#link.manager.streams.info(name))),
      );
    });
    const { version = 'unknown', max_payload: maxPayloadBytes = 0 } = this.#link.connection.info ?? {};
    return reportOf(this.#link, { version, maxPayloadBytes }, this.#facts, streams, await askSync(this.#monitor));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#inFlight > 0) {
      const settled = new Promise<void>((resolve) => {
        this.#allSettled = resolve;
      });
      const waiting = new AbortController();
      await Promise.race([
        settled,
        delay(CLOSE_PATIENCE_MS, undefined, { signal: waiting.signal }).catch(() => undefined),
      ]);
      waiting.abort();
    }
    clearInterval(this.#ticker);
    // Giving up on some lets others in from the window's queue, which are given up in turn.
    while (this.#lanes.some((lane) => !lane.isEmpty)) this.#eachLane((lane) => lane.fail(new LogClosed(this.#place)));
    await this.#link[Symbol.asyncDispose]();
  }

  async #readOnce(partition: number, from: number, bytesMax: number): Promise<LogEntry[]> {
    const stream = streamName(this.#link.name, partition);
    for (let tries = 0; tries < READ_TRIES_MAX; tries++) {
      const entries = await this.#link.ask(() =>
        readStream(this.#link.connection, stream, from, bytesMax, this.#link.lost),
      );
      if (entries.length > 0) return contiguousFrom(partition, from, entries);
      const { first, last } = await this.#boundsOnce(partition);
      if (from < first) throw new LogPositionGone(partition, from, first);
      if (from > last + 1) throw new LogPositionAhead(partition, from, last);
      if (from > last) return [];
    }
    throw new Error(`position ${from} is not on every server yet`);
  }

  async #boundsOnce(partition: number): Promise<LogBounds> {
    const stream = streamName(this.#link.name, partition);
    const { state } = await this.#link.ask(() => this.#link.manager.streams.info(stream));
    // An empty stream that has never held anything says first 0; one that was purged says last + 1.
    return { first: Math.max(1, state.first_seq), last: state.last_seq };
  }

  /** Tries until it is answered or ANSWER_PATIENCE_MS have passed. The log's own errors are answers. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + ANSWER_PATIENCE_MS;
    for (;;) {
      if (this.#closed) throw new LogClosed(this.#place);
      try {
        return await act();
      } catch (error) {
        if (this.#closed) throw new LogClosed(this.#place);
        if (error instanceof LogPositionGone || error instanceof LogPositionAhead) throw error;
        if (performance.now() >= untilMs) throw new LogUnavailable(this.#place, error, 'Try again once it runs');
      }
      await delay(RETRY_PAUSE_MS);
    }
  }

  /** As `#patiently` does, without end; undefined when the signal aborts. */
  async #untilAnswered<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const aborted = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const answered = async (): Promise<T | undefined> => {
      while (!signal.aborted) {
        try {
          return await act();
        } catch (error) {
          if (!(error instanceof LogUnavailable)) throw error;
        }
      }
      return undefined;
    };
    const answer = answered();
    return Promise.race([answer, aborted]);
  }

  #acknowledge(message: Msg): void {
    const tokens = message.subject.split('.');
    const token = Number(tokens.at(-1));
    const lane = this.#lanes[Number(tokens.at(-2))];
    // Without a stream that listens the server itself answers, with a status and no body.
    const answer: StoreAnswer =
      message.data.length === 0
        ? { kind: 'refused', apiCode: 0, description: message.headers?.description ?? 'an empty answer' }
        : parseStoreAnswer(message.string());
    lane?.acknowledge(token, answer);
  }

  #eachLane(act: (lane: NatsAppendLane) => void): void {
    for (const lane of this.#lanes) act(lane);
  }

  #laneOf(partition: number): NatsAppendLane {
    const lane = Number.isInteger(partition) ? this.#lanes[partition] : undefined;
    assert(lane !== undefined, `a log of ${this.partitions} partitions has none numbered ${partition}`);
    return lane;
  }
}

/** The entries up to the first gap, of which there is none unless the stream was trimmed or tampered with meanwhile. */
function contiguousFrom(partition: number, from: number, entries: readonly LogEntry[]): LogEntry[] {
  const first = entries[0];
  if (first !== undefined && first.position !== from) throw new LogPositionGone(partition, from, first.position);
  const gap = entries.findIndex((entry, index) => entry.position !== from + index);
  return gap === -1 ? [...entries] : entries.slice(0, gap);
}

/** Rings when the server says that it has stored a record, after DOORBELL_PATIENCE_MS, and when the follower is done. */
class Doorbell {
  #rings = 0;
  #wake: (() => void) | undefined;
  readonly #subscription: { unsubscribe(): void };
  readonly #signal: AbortSignal;
  readonly #ring = (): void => {
    this.#rings++;
    this.#wake?.();
  };

  constructor(link: NatsLink, subject: string, signal: AbortSignal) {
    this.#subscription = link.connection.subscribe(subject, { callback: this.#ring });
    this.#signal = signal;
    signal.addEventListener('abort', this.#ring);
  }

  /** What to hand to `rung`, taken before looking whether there is something to read, so no ring is missed. */
  mark(): number {
    return this.#rings;
  }

  async rung(mark: number): Promise<void> {
    if (this.#rings > mark || this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, DOORBELL_PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(patience);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#ring);
    this.#subscription.unsubscribe();
  }
}
