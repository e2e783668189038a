import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LiveBatch, liveBatches } from '../live/live-batch.ts';
import { PendingBatches } from '../live/pending-batches.ts';
import type { ReadingBatch, Source, SourceCheckpoint } from '../source.ts';
import type { DoorSection } from './door-section.ts';
import { HttpDoor, type HttpDoorOptions } from './http-door.ts';
import { type HttpAnswer, type Problem, unavailable } from './problem.ts';

/** What a section of a source says that takes requests. */
export interface RequestSection extends DoorSection {
  /** In ms: how far behind the newest reading older ones may come. */
  readonly lateness: number;
}

export interface RequestSourceOptions extends HttpDoorOptions {
  readonly section: RequestSection;
  /** Answers a request. What it throws is a mistake of ours, unless the client has gone. */
  readonly answer: (request: IncomingMessage, source: RequestSource) => Promise<HttpAnswer>;
  /** What there is to say of what came in and gave no reading (Source.remarks). */
  readonly remarks?: () => readonly string[];
}

/**
 * A source that is sent its readings in requests, each of which is answered when they are durable. A client that is told
 * otherwise, or nothing, sends the same again: the agent knows repeats.
 */
export class RequestSource implements Source {
  readonly name: string;
  readonly nature = 'live';
  readonly door: HttpDoor;
  readonly #pending: PendingBatches;
  readonly #answer: RequestSourceOptions['answer'];
  readonly #remarks: () => readonly string[];

  constructor(options: RequestSourceOptions) {
    this.name = options.name;
    this.door = new HttpDoor(options);
    this.#pending = new PendingBatches(options.section.lateness, options.nowMs);
    this.#answer = options.answer;
    this.#remarks = options.remarks ?? (() => []);
  }

  /** Where the source listens, once it does; rejected where it can't. */
  get listening(): Promise<AddressInfo> {
    return this.door.listening;
  }

  remarks(): readonly string[] {
    return this.#remarks();
  }

  inspect(): Promise<void> {
    return this.door.inspect();
  }

  /** Listens until the signal. Throws SourceError where the address can't be had. A live source has no checkpoint. */
  async *batches(_from: SourceCheckpoint | null, signal: AbortSignal): AsyncGenerator<ReadingBatch, void, undefined> {
    await this.door.open((request, response) => this.#handle(request, response));
    const stop = (): void => {
      this.door.closing();
      this.#pending.stop();
    };
    const end = (): Promise<void> => this.door.close(() => this.#pending.abandon());
    yield* liveBatches({ next: () => this.#pending.next(), stop, end }, signal);
  }

  /** Why nothing can be taken now, or null. */
  refusal(): Problem | null {
    const refusal = this.#pending.refusal();
    return refusal === null ? null : unavailable(refusal);
  }

  /** Gives null once all batches are durable, or why they may not be. */
  async store(batches: readonly LiveBatch[]): Promise<Problem | null> {
    const refusal = await this.#pending.submit(batches);
    return refusal === null ? null : unavailable(refusal);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.door.respond(request, response, await this.#answer(request, this));
    } catch (error) {
      // A client that has gone while it was sending is nobody to answer; all else is a mistake of ours.
      if (!request.destroyed || request.complete)
        this.#pending.fail(error instanceof Error ? error : new Error(String(error)));
      response.destroy();
    }
  }
}
