import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { reasonOf, WeirError } from '#core/errors.ts';

/** How long one request to the server may take before it counts as lost. A synced write on a busy disk takes 100 ms. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** How long after a lost connection the next attempt is made, at least and at most; spread so that not all come at once. */
export const RECONNECT_DELAY_MIN_MS = 50;
export const RECONNECT_DELAY_MAX_MS = 1_000;

/** A connection whose server says nothing for so long, twice, is given up and made anew. */
export const PING_INTERVAL_MS = 5_000;

/** The first server version that reads many records in one request (batched direct get), which replay uses. */
const SERVER_MIN = [2, 12] as const;

/** What is shown to the servers, and by what they are told to be genuine. */
export interface NatsLogin {
  /** The content of a credentials file, as `nsc` writes it: a JWT and the seed of its key. */
  readonly credentials?: Uint8Array | undefined;
  /** Certificates that are trusted in place of the system's, in PEM; TLS is asked for with them. */
  readonly ca?: Uint8Array | undefined;
}

export interface NatsPlace {
  /** `nats://host:port`, or `tls://host:port` where TLS is asked for. */
  readonly servers: readonly string[];
  readonly login?: NatsLogin | undefined;
  /** The beginning of the names of all streams and buckets; several logs may live on one server. */
  readonly name?: string | undefined;
}

/** What somebody wants to be told about the connection. */
export interface ConnectionListener {
  /** The connection is gone; what was sent and not answered won't be answered any more. */
  readonly disconnected?: () => void;
  /** The connection is back. */
  readonly reconnected?: () => void;
}

/** A connection to a nats-server with JetStream, which keeps reconnecting until it is closed. */
export class NatsLink implements AsyncDisposable {
  readonly servers: readonly string[];
  readonly name: string;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly #listeners = new Set<ConnectionListener>();
  #lost = new AbortController();
  #connected = true;

  constructor(servers: readonly string[], name: string, connection: NatsConnection, manager: JetStreamManager) {
    this.servers = servers;
    this.name = name;
    this.connection = connection;
    this.manager = manager;
    void this.#followStatus();
  }

  /** Aborts when the connection that is there now is lost or closed; each connection has its own. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Has a listener told from now on; gives the function that ends it. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * The result of a request, or an error at once when the connection is lost before the answer, since no answer can come
   * then, and after `timeoutMs` at the latest. Waits for the connection first where it is just away.
   */
  async ask<T>(act: () => Promise<T>, timeoutMs = REQUEST_TIMEOUT_MS): Promise<T> {
    if (!this.#connected) await this.#reconnection(timeoutMs);
    return untilAborted(act(), this.lost, timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connected = false;
    this.#lost.abort(new Error('the connection was closed'));
    await this.connection.close();
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        this.#connected = false;
        this.#lost.abort(new Error('the connection was lost'));
        for (const listener of this.#listeners) listener.disconnected?.();
      } else if (status.type === 'reconnect') {
        this.#connected = true;
        this.#lost = new AbortController();
        for (const listener of this.#listeners) listener.reconnected?.();
      }
    }
  }

  #reconnection(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (failure?: Error): void => {
        clearTimeout(timer);
        silence();
        if (failure === undefined) resolve();
        else reject(failure);
      };
      const silence = this.listen({ reconnected: () => end() });
      const timer = setTimeout(() => end(new Error(`no connection within ${timeoutMs / 1000} s`)), timeoutMs);
    });
  }
}

/** Connects. Throws NatsUnreachable where no server answers, NatsUnsuitable where it is too old or has no JetStream. */
export async function openNatsLink(place: NatsPlace): Promise<NatsLink> {
  const { servers, name = 'weir', login = {} } = place;
  if (!/^[-\w]+$/.test(name)) {
    throw new NatsUnsuitable(
      servers,
      `the name ${JSON.stringify(name)} can't begin a stream's name`,
      'Use A-Z a-z 0-9 - _',
    );
  }
  const connection = await connectTo(servers, login);
  try {
    checkVersion(servers, connection);
    const manager = await jetstreamManager(connection, { timeout: REQUEST_TIMEOUT_MS }).catch((error: unknown) => {
      throw new NatsUnsuitable(
        servers,
        `its JetStream doesn't answer (${reasonOf(error)})`,
        'Enable it: nats-server -js',
      );
    });
    return new NatsLink(servers, name, connection, manager);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function connectTo(servers: readonly string[], { credentials, ca }: NatsLogin): Promise<NatsConnection> {
  const isSecure = ca !== undefined || servers.some((server) => server.startsWith('tls://'));
  try {
    return await connect({
      servers: [...servers],
      ...(credentials === undefined ? {} : { authenticator: credsAuthenticator(credentials) }),
      ...(isSecure ? { tls: ca === undefined ? {} : { ca: Buffer.from(ca).toString() } } : {}),
      name: 'weir',
      timeout: REQUEST_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectDelayHandler: () =>
        RECONNECT_DELAY_MIN_MS + Math.random() * (RECONNECT_DELAY_MAX_MS - RECONNECT_DELAY_MIN_MS),
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
    });
  } catch (error) {
    throw new NatsUnreachable(servers, error);
  }
}

function checkVersion(servers: readonly string[], connection: NatsConnection): void {
  const version = connection.info?.version ?? '0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < SERVER_MIN[0] || (major === SERVER_MIN[0] && minor < SERVER_MIN[1])) {
    throw new NatsUnsuitable(servers, `its version is ${version}`, `Use ${SERVER_MIN.join('.')} or newer`);
  }
}

/**
 * The result of `act`; or the signal's reason when it aborts first, or an error after `timeoutMs`: for steps of the NATS
 * client that wait, long or without end, for an answer that a lost connection can't bring. `act` itself goes on, its
 * result unheeded.
 */
export function untilAborted<T>(act: Promise<T>, signal: AbortSignal, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', isAborted);
      how();
    };
    const isAborted = (): void => {
      const reason: unknown = signal.reason;
      settle(() => reject(reason));
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`))),
      timeoutMs,
    );
    signal.addEventListener('abort', isAborted);
    if (signal.aborted) isAborted();
    act.then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** No nats-server with JetStream answers at the given addresses. */
export class NatsUnreachable extends WeirError {
  readonly kind = 'nats-unreachable';
  constructor(servers: readonly string[], cause: unknown) {
    super(
      `No nats-server answers at ${servers.join(', ')}: ${reasonOf(cause)}. ` +
        `Start one (nats-server -js -sd DIR), or name the right address.`,
      { fault: 'world', retryable: true, cause },
    );
  }
}

/** The server answers, but isn't one that Weir can use. */
export class NatsUnsuitable extends WeirError {
  readonly kind = 'nats-unsuitable';
  constructor(servers: readonly string[], what: string, remedy: string) {
    super(`The nats-server at ${servers.join(', ')} can't be used: ${what}. ${remedy}.`, { fault: 'world' });
  }
}

/** JetStream's code for an error, where the server gave one (see `server/errors.json` of nats-server). */
export function apiCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** `err_code`s of JetStream that Weir tells apart. */
export const API_CODE = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  messageNotFound: 10037,
  wrongLastSequence: 10071,
  wrongLastSequenceUnknown: 10164,
  messageTooLarge: 10054,
  insufficientResources: 10023,
  storageExceeded: 10047,
  accountResourcesExceeded: 10002,
  memoryExceeded: 10028,
  /** Storing failed; the text says why: a limit of the stream, or a store that is just being closed. */
  storeFailed: 10077,
} as const;

/** Whether a change was refused because another came first. */
export function isConflict(error: unknown): boolean {
  const code = apiCodeOf(error);
  return code === API_CODE.wrongLastSequence || code === API_CODE.wrongLastSequenceUnknown;
}

/**
 * Opens a bucket of JetStream's key-value store, made when it isn't there: in files, one value per key. Reads go to the
 * leader (no direct get), so that what was stored is seen at once on a cluster too.
 */
export async function openBucket(link: NatsLink, bucket: string, replicas: number): Promise<KV> {
  const buckets = new Kvm(link.connection);
  const options = { history: 1, storage: 'file' as const, replicas, allow_direct: false, timeout: REQUEST_TIMEOUT_MS };
  try {
    await link.manager.streams.info(`KV_${bucket}`);
  } catch (error) {
    if (apiCodeOf(error) !== API_CODE.streamNotFound) throw error;
    return buckets.create(bucket, options);
  }
  return buckets.open(bucket, { allow_direct: false, timeout: REQUEST_TIMEOUT_MS });
}
