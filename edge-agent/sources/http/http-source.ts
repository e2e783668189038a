import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DoorSection } from '../doors/door-section.ts';
import { basicCredentials } from '../doors/http-credentials.ts';
import { bodyTooLarge, BODY_BYTES_MAX, HttpDoor } from '../doors/http-door.ts';
import {
  malformed,
  methodNotAllowed,
  notFound,
  type Problem,
  PROBLEM_TYPE,
  problemBody,
  unavailable,
  unsupported,
} from '../doors/problem.ts';
import { PendingBatches } from '../live/pending-batches.ts';
import type { SourceOptions } from '../source-kind.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import { readReadingsBody } from './readings-body.ts';
import { readSentReadings } from './sent-readings.ts';

/** What a section of `kind: http` says. */
export interface HttpSection extends DoorSection {
  /** In ms: how far behind the newest reading older ones may come. */
  readonly lateness: number;
}

/** What is listened for, beside what every source is given. */
export interface HttpSourceOptions extends Pick<SourceOptions, 'metrics' | 'registry' | 'folder' | 'nowMs' | 'logger'> {
  readonly name: string;
  readonly section: HttpSection;
}

interface Answer {
  readonly accepted: number;
  readonly missing: number;
  readonly quarantined: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * `POST /readings` with a JSON array of {time, metric, device, value, tags?} (docs/design.md#files). The answer 200
 * comes after the journal has synced, and says how many were accepted and which were quarantined; errors are RFC 9457
 * problems. A client that gets no 200 sends the same again: the agent knows repeats.
 */
export class HttpSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  readonly #options: HttpSourceOptions;
  readonly #door: HttpDoor;
  readonly #pending: PendingBatches;

  constructor(options: HttpSourceOptions) {
    this.name = options.name;
    this.#options = options;
    this.#door = new HttpDoor(options);
    this.#pending = new PendingBatches(options.section.lateness, options.nowMs);
  }

  /** Where the source listens, once it does; rejected where it can't. */
  get listening(): Promise<AddressInfo> {
    return this.#door.listening;
  }

  inspect(): Promise<void> {
    return this.#door.inspect();
  }

  /** Listens until the signal. Throws SourceError where the address can't be had. A live source has no checkpoint. */
  async *batches(_from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    await this.#door.open((request, response) => this.#handle(request, response));
    const stop = (): void => {
      this.#door.closing();
      this.#pending.stop();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for (let batch = await this.#pending.next(); batch !== null; batch = await this.#pending.next()) yield batch;
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      await this.#door.close(() => this.#pending.abandon());
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = (await this.#refusal(request)) ?? (await this.#receive(request));
      if ('accepted' in answer) {
        this.#door.respond(response, 200, { 'content-type': 'application/json' }, JSON.stringify(answer));
      } else this.#door.refuse(request, response, answer, PROBLEM_TYPE, problemBody(answer));
    } catch (error) {
      // A client that has gone while it was sending is nobody to answer; all else is a mistake of ours.
      if (!request.destroyed || request.complete)
        this.#pending.fail(error instanceof Error ? error : new Error(String(error)));
      response.destroy();
    }
  }

  /** What is wrong with a request before its body is read, or null. The cheapest checks come first. */
  async #refusal(request: IncomingMessage): Promise<Problem | null> {
    const { method, url, headers } = request;
    const misdirected = this.#door.misdirected(request);
    if (misdirected !== null) return misdirected;
    if (url?.split('?', 1)[0] !== '/readings') return notFound('readings are taken at /readings');
    if (method !== 'POST') return methodNotAllowed('POST', `${method} is not POST, the one method of /readings`);
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      return unsupported('the body is encoded; send plain JSON');
    }
    if (Number(headers['content-length'] ?? 0) > BODY_BYTES_MAX) return bodyTooLarge();
    const stranger = await this.#door.stranger(request, basicCredentials(headers.authorization));
    if (stranger !== null) return stranger;
    const refusal = this.#pending.refusal();
    return refusal === null ? null : unavailable(refusal);
  }

  async #receive(request: IncomingMessage): Promise<Problem | Answer> {
    const body = await this.#door.receive(request);
    if ('status' in body) return body;
    if (body.length === 0) return malformed('the body is empty; send an array of {time, metric, device, value, tags?}');
    const sent = readReadingsBody(body);
    if ('status' in sent) return sent;
    const { metrics, registry, nowMs } = this.#options;
    const { batches, accepted, missing, quarantined } = readSentReadings(sent, metrics, registry, nowMs());
    const refusal = await this.#pending.submit(batches);
    return refusal === null ? { accepted, missing, quarantined } : unavailable(refusal);
  }
}
