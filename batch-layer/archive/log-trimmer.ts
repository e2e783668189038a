import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#backbone/log/log.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import type { Archive } from './archive.ts';

/** What the log lets go of, once the archive has it. */
export interface LogRetention {
  /** How long a record stays in the log that is in the archive too, in ms; infinite: for ever. */
  readonly keptMs: number;
  /** Position up to which nobody reads a partition from the log any more. */
  readonly readTo: (partition: number) => number;
}

/** Records that have to be let go before it is done for their sake: each time costs the log a merge of its tables. */
const TRIM_BYTES_MIN = 16 * 1024 * 1024;

/** Between two looks how much that is. */
const TRIM_PAUSE_MS = 1_000;

/** Records that are looked at once, from the time of the first. */
const ONE_RECORD = { bytes: 1 };

/**
 * Lets go of what the log holds and the archive has on the disk. The last of these stays, so that each opening can compare
 * log and archive at a record that both have.
 */
export class LogTrimmer {
  readonly #log: Log;
  readonly #archive: Archive;
  readonly #retention: LogRetention;
  readonly #clock: () => number;
  /** The first position that each partition keeps, as far as it is known. */
  readonly #firsts = new Map<number, number>();

  constructor(log: Log, archive: Archive, retention: LogRetention, clock: () => number) {
    this.#log = log;
    this.#archive = archive;
    this.#retention = retention;
    this.#clock = clock;
  }

  /** Trims whenever much can go, until the signal. What fails is told of, and done again later. */
  async run(signal: AbortSignal, failed: (failure: unknown) => void): Promise<void> {
    if (this.#retention.keptMs === Number.POSITIVE_INFINITY) return;
    for (;;) {
      await sleep(TRIM_PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await this.trim(TRIM_BYTES_MIN).catch(failed);
    }
  }

  /** Trims each partition of which at least so many bytes can go. */
  async trim(bytesMin = 0): Promise<void> {
    if (this.#retention.keptMs === Number.POSITIVE_INFINITY) return;
    for (let partition = 0; partition < this.#log.partitions; partition++) {
      const first = this.#firsts.get(partition) ?? (await this.#log.bounds(partition)).first;
      this.#firsts.set(partition, first);
      const end = Math.min(this.#archive.archivedTo(partition), this.#retention.readTo(partition));
      if (end <= first || this.#bytesBetween(partition, first, end) < bytesMin) continue;
      const before = await this.#firstKept(partition, first, end);
      if (before <= first || this.#bytesBetween(partition, first, before) < bytesMin) continue;
      await this.#log.trim(partition, before);
      this.#firsts.set(partition, before);
    }
  }

  #bytesBetween(partition: number, first: number, before: number): number {
    return this.#archive.bytesAfter(partition, first - 1) - this.#archive.bytesAfter(partition, before - 1);
  }

  /** The first position from `first` to `end` that is not old enough to go; `end` where all before it are. */
  async #firstKept(partition: number, first: number, end: number): Promise<number> {
    const { keptMs } = this.#retention;
    if (keptMs === 0) return end;
    const untilMs = this.#clock() - keptMs;
    let [low, high] = [first, end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [entry] = await this.#log.read(partition, middle, ONE_RECORD);
      const record = decodeRecord(entry!.bytes);
      // Records are in the order of their times, but for a clock that was set back; one that can't be read says nothing.
      if (record.kind === 'record-fault' || record.atMs < untilMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
