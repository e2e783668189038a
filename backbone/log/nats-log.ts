import { strict as assert } from 'node:assert';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import { createInbox, type Msg } from '@nats-io/transport-node';
import type { Permit } from '../flow/in-flight-limit.ts';
import { type NatsLink, type NatsPlace, openNatsLink } from '../nats/nats-connection.ts';
import { StoreClosed, StoreUnavailable, TooLarge } from '../storage-errors.ts';
import { LogPositionAhead, LogPositionGone } from './log-errors.ts';
import {
  assertPartitionCount,
  type FollowOptions,
  type Log,
  type LogBounds,
  type LogEntry,
  type LogReport,
  newAppendLimit,
} from './log.ts';
import { NatsAppendLane, parseStoreAnswer, type StoreAnswer } from './nats-append-lane.ts';
import { askSync, recordBytesMaxOf, reportOf } from './nats-log-report.ts';
import { type NatsLogFacts, prepareStreams, recordSubject, storedSubject, streamName } from './nats-log-streams.ts';
import { AppendNotifier, readStream } from './nats-reader.ts';

/** How often lanes look for records without an acknowledgement. */
const TICK_MS = 50;

/** How long `read`, `bounds` and `trim` try again while the server doesn't answer, before they throw StoreUnavailable. */
export const ANSWER_TIMEOUT_MS = 10_000;

/**
 * How often a read that found nothing looks again when the bounds say that there is something: it was stored in between,
 * or, on a cluster, the server that was read from is behind the leader, whose bounds these are.
 */
const READ_TRIES_MAX = 3;

/** The pause between two tries. */
const RETRY_PAUSE_MS = 100;

/** How long disposal waits for the next acknowledgement; then what is in flight is given up with StoreClosed. */
export const CLOSE_TIMEOUT_MS = 2_000;

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
 * Throws NatsUnreachable, NatsUnsuitable, LogPartitionsMismatch, LogPartitionsMissing, NewerFormat, LogMisconfigured.
 */
export async function openNatsLog(options: NatsLogOptions): Promise<Log> {
  const { partitions: asked, replicas = 1, monitor } = options;
  assertPartitionCount(asked);
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
  readonly #inFlight = newAppendLimit();
  readonly #lanes: NatsAppendLane[];
  readonly #ticker: NodeJS.Timeout;
  #closed = false;
  /** Told of each append that is settled, while the log is being closed. */
  #settling: (() => void) | undefined;

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
    if (this.#closed) return Promise.reject(new StoreClosed('log', this.#place));
    if (bytes.length > this.#recordBytesMax) {
      return Promise.reject(new TooLarge('A record', bytes.length, this.#recordBytesMax, 'Send smaller frames'));
    }
    return new Promise((resolve, reject) => {
      const enter = (permit: Permit): void => {
        const leave = (): void => {
          permit.release();
          this.#settling?.();
        };
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
      };
      this.#inFlight.take(bytes.length, enter, reject);
    });
  }

  async read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]> {
    this.#laneOf(partition);
    assert(Number.isSafeInteger(from) && from >= 1, `positions begin at 1, not ${from}`);
    return this.#retrying(() => this.#readOnce(partition, from, limit.bytes));
  }

  async *follow(partition: number, from: number, options: FollowOptions): AsyncGenerator<readonly LogEntry[]> {
    const { signal, bytesMax } = options;
    const notifier = new AppendNotifier(this.#link.connection, storedSubject(this.#link.name, partition), signal);
    let next = from;
    try {
      while (!signal.aborted) {
        const mark = notifier.mark();
        const entries = await this.#untilAnswered(() => this.read(partition, next, { bytes: bytesMax }), signal);
        const final = entries?.at(-1);
        if (signal.aborted || entries === undefined) return;
        if (final === undefined) {
          await notifier.noticed(mark);
        } else {
          next = final.position + 1;
          yield entries;
        }
      }
    } finally {
      notifier.close();
    }
  }

  async bounds(partition: number): Promise<LogBounds> {
    this.#laneOf(partition);
    return this.#retrying(() => this.#boundsOnce(partition));
  }

  async trim(partition: number, before: number): Promise<void> {
    assert(Number.isSafeInteger(before) && before >= 1, `positions begin at 1, not ${before}`);
    const { first, last } = await this.bounds(partition);
    if (before > last + 1) throw new LogPositionAhead(partition, before, last);
    if (before <= first) return;
    const stream = streamName(this.#link.name, partition);
    await this.#retrying(() => this.#link.ask(() => this.#link.manager.streams.purge(stream, { seq: before })));
  }

  async report(): Promise<LogReport> {
    const streams = await this.#retrying(() => {
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
    await this.#settled();
    clearInterval(this.#ticker);
    const closed = new StoreClosed('log', this.#place);
    this.#inFlight.close(closed);
    this.#eachLane((lane) => lane.fail(closed));
    await this.#link[Symbol.asyncDispose]();
  }

  /** Resolves when no append is in flight, or none was acknowledged for CLOSE_TIMEOUT_MS. */
  #settled(): Promise<void> {
    if (this.#inFlight.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timeout = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      this.#settling = () => {
        if (this.#inFlight.count > 0) timeout.refresh();
        else {
          clearTimeout(timeout);
          resolve();
        }
      };
    });
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

  /** Tries until it is answered or ANSWER_TIMEOUT_MS have passed. The log's own errors are answers. */
  async #retrying<T>(act: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + ANSWER_TIMEOUT_MS;
    for (;;) {
      if (this.#closed) throw new StoreClosed('log', this.#place);
      try {
        return await act();
      } catch (error) {
        if (this.#closed) throw new StoreClosed('log', this.#place);
        if (error instanceof LogPositionGone || error instanceof LogPositionAhead) throw error;
        if (performance.now() >= untilMs)
          throw new StoreUnavailable('log', this.#place, error, 'Try again once it runs');
      }
      await delay(RETRY_PAUSE_MS);
    }
  }

  /** As `#retrying` does, without end; undefined when the signal aborts. */
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
          if (!(error instanceof StoreUnavailable)) throw error;
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
