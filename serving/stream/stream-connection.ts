import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { reasonOf } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';
import { problemOf } from '../http/problem.ts';
import type { ViewReader } from '../http/view-reader.ts';
import { MESSAGES_WAITING_MAX, QUEUED_BYTES_MAX, SUBSCRIPTIONS_MAX } from './limits.ts';
import { idOf, parseClientMessage } from './messages.ts';
import type { SharedTellings } from './shared-tellings.ts';
import { Subscription } from './subscription.ts';

/** RFC 6455 §7.4.1: the endpoint received what its policy does not allow. */
const POLICY_VIOLATION = 1008;

/** One reader of the stream. Its messages are taken one after the other; its subscriptions are told in turn. */
export class StreamConnection {
  readonly #socket: WebSocket;
  readonly #connection: Pick<Duplex, 'write' | 'cork' | 'uncork'>;
  readonly #reader: ViewReader;
  readonly #shared: SharedTellings;
  readonly #logger: Logger;
  readonly #subscriptions = new Map<string, Subscription>();
  #work: Promise<void> = Promise.resolve();
  /** What is queued, and under way. */
  #tasks = 0;
  #waiting = 0;
  #isTelling = false;
  /** Whether it has answered since the last ping. */
  isAlive = true;

  /** `connection` is what the socket's frames go over: those that many get are written to it as they are, each whole. */
  constructor(
    socket: WebSocket,
    connection: Pick<Duplex, 'write' | 'cork' | 'uncork'>,
    reader: ViewReader,
    shared: SharedTellings,
    logger: Logger,
  ) {
    this.#socket = socket;
    this.#connection = connection;
    this.#reader = reader;
    this.#shared = shared;
    this.#logger = logger;
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? '' : textOf(data)));
    socket.on('pong', () => (this.isAlive = true));
    // What a reader that pings, and reads nothing, is sent back would wait without limit.
    socket.on('ping', () => this.#cutOffIfFull());
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a stream failed'));
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /**
   * Tells every subscription that is behind, unless too much is still on its way to the reader. Resolves when it is told;
   * at once, with nothing, where there was nothing to tell, or what others were told already.
   */
  tell(): Promise<void> | undefined {
    if (this.#isTelling || this.#isFull()) return undefined;
    if (this.#tasks === 0 && this.#tellWhatIsMade()) return undefined;
    this.#isTelling = true;
    return this.#enqueue(async () => {
      this.#isTelling = false;
      for (const one of this.#subscriptions.values()) if (one.hasNews() && !this.#isFull()) await this.#tellOne(one);
    });
  }

  /** Tells what was made for other readers already, all in one write; gives whether nothing is left to tell. */
  #tellWhatIsMade(): boolean {
    if (this.#subscriptions.size === 1) return this.#writeWhatIsMade();
    this.#connection.cork();
    try {
      return this.#writeWhatIsMade();
    } finally {
      this.#connection.uncork();
    }
  }

  #writeWhatIsMade(): boolean {
    for (const one of this.#subscriptions.values()) {
      if (!one.hasNews()) continue;
      if (this.#isFull()) return true;
      const told = one.nextMade();
      if (told === undefined) return false;
      if (told.frame !== undefined) this.#connection.write(told.frame);
    }
    return true;
  }

  /** A reader that asks for more, and leaves what it was sent unread, is let go. */
  #cutOffIfFull(): boolean {
    const isFull = this.#socket.bufferedAmount > QUEUED_BYTES_MAX;
    if (isFull) this.#socket.terminate();
    return isFull;
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount > QUEUED_BYTES_MAX || this.#socket.readyState !== this.#socket.OPEN;
  }

  #receive(text: string): void {
    if (this.#waiting >= MESSAGES_WAITING_MAX) {
      this.#socket.close(POLICY_VIOLATION, 'messages come faster than they are answered');
      return;
    }
    this.#waiting++;
    void this.#enqueue(async () => {
      this.#waiting--;
      await this.#take(text);
    });
  }

  async #take(text: string): Promise<void> {
    try {
      const message = parseClientMessage(text);
      const known = this.#subscriptions.has(message.id);
      if (message.type === 'unsubscribe') {
        if (!known)
          throw new QueryError('id', message.id, 'is not subscribed', 'unsubscribe from an id that was subscribed');
        this.#subscriptions.delete(message.id);
        return;
      }
      if (known)
        throw new QueryError('id', message.id, 'is subscribed already', 'unsubscribe first, or take another id');
      if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) {
        throw new QueryError(
          'subscriptions',
          String(SUBSCRIPTIONS_MAX),
          'are as many as one connection may have',
          'unsubscribe from some, or open another connection',
        );
      }
      const subscription = new Subscription(message, this.#reader, this.#shared);
      this.#subscriptions.set(message.id, subscription);
      // One that still has to read is told when it has room, as of its changes.
      if (!this.#isFull()) await this.#tellOne(subscription);
    } catch (error) {
      this.#sendProblem(idOf(text), error);
    }
  }

  /** A subscription that fails ends, and says why. */
  async #tellOne(subscription: Subscription): Promise<void> {
    try {
      const frame = await subscription.next();
      const isOpen = this.#socket.readyState === this.#socket.OPEN;
      if (frame !== undefined && isOpen && this.#subscriptions.get(subscription.id) === subscription)
        this.#connection.write(frame);
    } catch (error) {
      this.#subscriptions.delete(subscription.id);
      this.#sendProblem(subscription.id, error);
    }
  }

  #sendProblem(id: string | undefined, error: unknown): void {
    if (this.#cutOffIfFull()) return;
    const problem = problemOf(error);
    if (problem.status === 500) this.#logger.error({ reason: reasonOf(error) }, 'a subscription failed');
    this.#socket.send(JSON.stringify({ type: 'error', ...(id === undefined ? {} : { id }), problem }));
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    this.#tasks++;
    this.#work = this.#work
      .then(task)
      .catch((error: unknown) => this.#logger.error({ reason: reasonOf(error) }, 'a stream could not be served'))
      .then(() => void this.#tasks--);
    return this.#work;
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
