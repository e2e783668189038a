import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { codeOf } from '#backbone/storage-errors.ts';
import { reasonOf } from '#core/errors.ts';
import { InfluxAway, InfluxRefusal, InfluxTokenUnreadable } from './influx-errors.ts';

/** How long InfluxDB may take for a request; it answers a batch in some tenths of a second. */
const REQUEST_TIMEOUT_MS = 30_000;
/** To clear a view it looks at all of its shards. */
const CLEAR_TIMEOUT_MS = 10 * 60_000;
/** Above this a body is packed, where it leaves the machine. */
const PACKED_BYTES_MIN = 16 * 1024;
/** The first and the last instant that InfluxDB has. */
const EVER = { start: '1677-09-21T00:12:43.145224194Z', stop: '2262-04-11T23:47:16.854775806Z' };

/** Where points are written; paths of files are absolute. */
export interface InfluxAddress {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly tokenFile: string;
  readonly caFile?: string | undefined;
}

/** What became of a batch: all of it is kept, or all but what the bucket's retention has forgotten already. */
export type Written = { readonly kind: 'kept' } | { readonly kind: 'forgotten'; readonly points: number };

/**
 * One bucket of an InfluxDB 2, by the transport of its official client: each request is made once, and resolves when it is
 * acknowledged, which is after InfluxDB has synced it. The client's own writer is not used: it keeps a queue of its own,
 * tries again by itself, and drops lines where the queue is full. All methods throw InfluxAway, InfluxRefusal or
 * InfluxTokenUnreadable.
 */
export class InfluxBucket implements Disposable {
  readonly #address: InfluxAddress;
  readonly #agent: HttpAgent;
  #client: InfluxDB | undefined;

  constructor(address: InfluxAddress) {
    this.#address = address;
    // One at a time, and so one connection.
    const options = { keepAlive: true, maxSockets: 1, noDelay: true };
    this.#agent = address.url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** The bucket as one text that no other bucket has. */
  get identity(): string {
    const { url, org, bucket } = this.#address;
    return JSON.stringify([url, org, bucket]);
  }

  get url(): string {
    return this.#address.url;
  }

  /** Writes lines of line protocol whose times are in milliseconds. */
  async write(lines: string, signal: AbortSignal): Promise<Written> {
    const { org, bucket, url } = this.#address;
    const path = `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ms' }).toString()}`;
    try {
      await this.#send(
        path,
        lines,
        'text/plain; charset=utf-8',
        AbortSignal.any([signal, timeout(REQUEST_TIMEOUT_MS)]),
      );
      return { kind: 'kept' };
    } catch (failure) {
      const forgotten = failure instanceof HttpError ? forgottenPoints(failure) : undefined;
      if (forgotten === undefined) throw this.#restated(failure, url);
      return { kind: 'forgotten', points: forgotten };
    }
  }

  /** Removes all points of a measurement, whenever they are of. */
  async clear(measurement: string, signal: AbortSignal): Promise<void> {
    await this.#delete({ ...EVER, predicate: `_measurement=${quoted(measurement)}` }, signal);
  }

  /** Removes the points of a measurement that have these tags, whichever others, in [fromMs, toMs). A tag that isn't there can't be asked for. */
  async remove(
    measurement: string,
    tags: readonly (readonly [name: string, value: string])[],
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const [start, stop] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    const said = [['_measurement', measurement] as const, ...tags];
    const predicate = said.map(([name, value]) => `${quoted(name)}=${quoted(value)}`).join(' AND ');
    await this.#delete({ start, stop, predicate }, signal);
  }

  async #delete(what: object, signal: AbortSignal): Promise<void> {
    const { org, bucket, url } = this.#address;
    const path = `/api/v2/delete?${new URLSearchParams({ org, bucket }).toString()}`;
    const body = JSON.stringify(what);
    try {
      await this.#send(path, body, 'application/json', AbortSignal.any([signal, timeout(CLEAR_TIMEOUT_MS)]));
    } catch (failure) {
      throw this.#restated(failure, url);
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #send(path: string, body: string, type: string, signal: AbortSignal): Promise<void> {
    this.#client ??= await this.#open();
    await this.#client.transport.request(path, body, {
      method: 'POST',
      headers: { 'content-type': type },
      signal,
      ...(isOwnMachine(this.#address.url) ? {} : { gzipThreshold: PACKED_BYTES_MIN }),
    });
  }

  async #open(): Promise<InfluxDB> {
    const { url, tokenFile, caFile } = this.#address;
    const token = (await readSecret(tokenFile)).trim();
    if (token === '' || /\s/.test(token)) throw new InfluxTokenUnreadable(tokenFile, 'it holds no token');
    const ca = caFile === undefined ? {} : { ca: await readSecret(caFile) };
    return new InfluxDB({ url, token, timeout: CLEAR_TIMEOUT_MS, transportOptions: { agent: this.#agent, ...ca } });
  }

  /** A failure as one of our errors. What is known of the token is forgotten: it may have been replaced. */
  #restated(failure: unknown, url: string): Error {
    this.#client = undefined;
    if (failure instanceof InfluxTokenUnreadable) return failure;
    if (!(failure instanceof HttpError)) return new InfluxAway(url, reasonOfNetwork(failure), undefined, failure);
    const { statusCode } = failure;
    const said = messageOf(failure);
    if (statusCode >= 500 || statusCode === 429 || statusCode === 408) {
      const after = failure.retryAfter();
      return new InfluxAway(url, `${statusCode} ${said}`, after > 0 ? after : undefined, failure);
    }
    return new InfluxRefusal(url, statusCode, said, remedyOf(statusCode, said), failure);
  }
}

/** A name or a value in a predicate (InfluxDB 2, delete predicate syntax). */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (failure) {
    throw new InfluxTokenUnreadable(file, codeOf(failure) === 'ENOENT' ? 'there is no such file' : reasonOf(failure));
  }
}

function timeout(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}

function isOwnMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function reasonOfNetwork(failure: unknown): string {
  const code = codeOf(failure);
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  const isAborted = failure instanceof Error && /abort/i.test(failure.name + failure.message);
  return isAborted ? 'it did not answer in time' : (code ?? reasonOf(failure));
}

function messageOf({ json, body, statusMessage }: HttpError): string {
  const { message } = (json ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : (body ?? '').slice(0, 200) || (statusMessage ?? 'no reason given');
}

/**
 * How many points of a batch lie before the bucket's retention: they are dropped, and the others kept, whatever is done
 * again. Undefined where that is not what was said.
 */
function forgottenPoints(failure: HttpError): number | undefined {
  const dropped = /points? (?:outside|beyond) retention policy.*\bdropped=(\d+)/s.exec(messageOf(failure))?.[1];
  return dropped === undefined ? undefined : Number(dropped);
}

function remedyOf(status: number, said: string): string {
  switch (status) {
    case 401:
      return 'put a token into the file of `token` that may write the bucket';
    case 403:
      return 'give the token leave to write the bucket';
    case 404:
      return 'check `org` and `bucket`, or make the bucket';
    default:
      return /field type conflict/.test(said)
        ? 'somebody else has written this measurement; give Weir a bucket of its own'
        : 'see what InfluxDB says in its log';
  }
}
