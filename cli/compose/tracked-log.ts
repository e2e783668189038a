import type { FollowOptions, Log, LogBounds, LogEntry, LogReport } from '#backbone/log/log.ts';

/** A log that remembers how far it was appended to: what a reader has to have reached who wants all that was acknowledged. */
export class TrackedLog implements Log {
  /** The last position per partition that is durable, as far as this process knows. */
  readonly appended: number[];
  readonly #log: Log;

  constructor(log: Log, ends: readonly number[]) {
    this.#log = log;
    this.appended = [...ends];
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  get generation(): string {
    return this.#log.generation;
  }

  async append(partition: number, bytes: Uint8Array): Promise<number> {
    const position = await this.#log.append(partition, bytes);
    this.appended[partition] = Math.max(position, this.appended[partition] ?? 0);
    return position;
  }

  read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]> {
    return this.#log.read(partition, from, limit);
  }

  follow(partition: number, from: number, options: FollowOptions): AsyncIterable<readonly LogEntry[]> {
    return this.#log.follow(partition, from, options);
  }

  bounds(partition: number): Promise<LogBounds> {
    return this.#log.bounds(partition);
  }

  trim(partition: number, before: number): Promise<void> {
    return this.#log.trim(partition, before);
  }

  report(): Promise<LogReport> {
    return this.#log.report();
  }

  /** The log stays its owner's. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
