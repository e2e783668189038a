import { LogPositionGone } from '#backbone/log/log-errors.ts';
import { type FollowOptions, type Log, type LogBounds, type LogEntry, type LogReport } from '#backbone/log/log.ts';
import type { Archive } from './archive.ts';

/**
 * A log with its past: what it has let go of is read from its archive, which holds the same records at the same positions. So a
 * reader may begin at the first record, wherever the log itself begins.
 */
export class WholeLog implements Log {
  readonly #log: Log;
  readonly #archive: Pick<Archive, 'archivedTo' | 'read'>;

  /** Both stay the caller's. */
  constructor(log: Log, archive: Pick<Archive, 'archivedTo' | 'read'>) {
    this.#log = log;
    this.#archive = archive;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  get generation(): string {
    return this.#log.generation;
  }

  append(partition: number, bytes: Uint8Array): Promise<number> {
    return this.#log.append(partition, bytes);
  }

  /** As of the log. Throws what reading the archive throws, too. */
  async read(partition: number, from: number, limit: { readonly bytes: number }): Promise<LogEntry[]> {
    try {
      return await this.#log.read(partition, from, limit);
    } catch (error) {
      const archivedTo = this.#archive.archivedTo(partition);
      if (!(error instanceof LogPositionGone) || from > archivedTo) throw error;
      return this.#readPast(partition, from, archivedTo, limit.bytes);
    }
  }

  async #readPast(partition: number, from: number, to: number, bytesMax: number): Promise<LogEntry[]> {
    for await (const entries of this.#past(partition, from, to, bytesMax)) return entries;
    return [];
  }

  /** What the archive has from position `from` to `to`, in non-empty groups of so many bytes at most, but for one larger record. */
  async *#past(partition: number, from: number, to: number, bytesMax: number): AsyncGenerator<LogEntry[]> {
    let taken: LogEntry[] = [];
    let size = 0;
    for await (const { entries } of this.#archive.read(partition, from, to)) {
      for (const { position, bytes } of entries) {
        if (taken.length > 0 && size + bytes.length > bytesMax) {
          yield taken;
          taken = [];
          size = 0;
        }
        // Whoever keeps a record would keep all that were read with it.
        taken.push({ position, bytes: bytes.slice() });
        size += bytes.length;
      }
    }
    if (taken.length > 0) yield taken;
  }

  async *follow(partition: number, from: number, options: FollowOptions): AsyncGenerator<readonly LogEntry[]> {
    const { signal, bytesMax } = options;
    for (let next = from; !signal.aborted;) {
      try {
        for await (const entries of this.#log.follow(partition, next, options)) {
          next = entries.at(-1)!.position + 1;
          yield entries;
        }
        return;
      } catch (error) {
        const archivedTo = this.#archive.archivedTo(partition);
        if (!(error instanceof LogPositionGone) || next > archivedTo) throw error;
        for await (const entries of this.#past(partition, next, archivedTo, bytesMax)) {
          if (signal.aborted) return;
          next = entries.at(-1)!.position + 1;
          yield entries;
        }
      }
    }
  }

  async bounds(partition: number): Promise<LogBounds> {
    const { first, last } = await this.#log.bounds(partition);
    return { first: this.#archive.archivedTo(partition) >= first - 1 ? 1 : first, last };
  }

  trim(partition: number, before: number): Promise<void> {
    return this.#log.trim(partition, before);
  }

  report(): Promise<LogReport> {
    return this.#log.report();
  }

  /** Log and archive stay their owners'. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
