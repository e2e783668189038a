import { generateKeyPairSync, scryptSync, sign } from 'node:crypto';
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

/** The identifiers that a certificate here needs, in DER. */
const ECDSA_WITH_SHA256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'));
const SUBJECT_ALT_NAME = der(0x06, Buffer.from('551d11', 'hex'));

/** A tag, the length in as few bytes as it takes, the content (X.690, 8.1 and 10.1). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  const head = [tag, ...(length < 0x80 ? [length] : long)];
  return Buffer.concat([Buffer.from(head), body]);
}

const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));

/** A certificate of its own making for localhost and 127.0.0.1 (RFC 5280, 4.1), valid at any time, and its key, in PEM. */
export function selfSigned(): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = der(0x30, der(0x31, der(0x30, COMMON_NAME, text(0x0c, 'localhost'))));
  const validity = der(0x30, text(0x18, '19700101000000Z'), text(0x18, '99991231235959Z'));
  const names = der(0x30, text(0x82, 'localhost'), der(0x87, Buffer.from([127, 0, 0, 1])));
  const told = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, der(0x30, SUBJECT_ALT_NAME, der(0x04, names)))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', told, privateKey));
  const lines = der(0x30, told, ECDSA_WITH_SHA256, signature)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** As cheap as a hash may be: tests verify many passwords. */
export function cheapHash(password: string, salt = 'salt-of-tests'): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  const hash = scryptSync(password, salt, 32, { N: 1_024, r: 1, p: 1 });
  return `$scrypt$ln=10,r=1,p=1$${text(Buffer.from(salt))}$${text(hash)}`;
}
