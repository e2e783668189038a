import { scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { type ReadingBatch, SeriesList } from '../source.ts';
import type { RequestSource } from './request-source.ts';

export interface SentRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A listening source, whose batches are acknowledged by `acknowledge` as they come. */
export class RunningSource implements AsyncDisposable {
  readonly registry = new SeriesList();
  readonly batches: ReadingBatch[] = [];
  readonly source: RequestSource;
  readonly stop = new AbortController();
  readonly done: Promise<void>;
  readonly #arrivals = new EventTarget();

  constructor(open: (registry: SeriesList) => RequestSource, acknowledge: (batch: ReadingBatch) => void) {
    this.source = open(this.registry);
    this.done = this.#run(acknowledge);
  }

  async #run(acknowledge: (batch: ReadingBatch) => void): Promise<void> {
    for await (const batch of this.source.batches(null, this.stop.signal)) {
      this.batches.push(batch);
      this.#arrivals.dispatchEvent(new Event('batch'));
      acknowledge(batch);
    }
  }

  async arrived(count: number): Promise<void> {
    while (this.batches.length < count) await once(this.#arrivals, 'batch');
  }

  async request({ method = 'POST', path, headers = {}, body = '' }: SentRequest): Promise<ReceivedAnswer> {
    const { port } = await this.source.listening;
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
    // Where the answer comes before the whole body has gone out, sending the rest fails; the answer counts.
    request.on('error', () => undefined);
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    return { status: response.statusCode!, headers: response.headers, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.done;
  }
}

/** Acknowledges a batch at once. */
export function acknowledge(batch: ReadingBatch): void {
  batch.acknowledged?.();
}

/** As cheap as a hash may be: tests verify many passwords. */
export function cheapHash(password: string, salt = 'salt-of-tests'): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  const hash = scryptSync(password, salt, 32, { N: 1_024, r: 1, p: 1 });
  return `$scrypt$ln=10,r=1,p=1$${text(Buffer.from(salt))}$${text(hash)}`;
}
