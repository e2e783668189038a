import type { Log, LogEntry } from '#backbone/log/log.ts';

/** Bytes of records that one step reads from the log, of what is new and of what is read again. */
export const READ_BYTES = 4 * 1024 * 1024;

/**
 * The records of a partition from position `from` to `to`, both included, in groups: for whoever looks at history again
 * beside the live fold. Ends early where the signal says so, or where the log holds no more.
 */
export async function* readHistory(
  log: Log,
  partition: number,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncIterable<readonly LogEntry[]> {
  for (let next = from; next <= to && !signal.aborted;) {
    const entries = await log.read(partition, next, { bytes: READ_BYTES });
    const wanted = entries.filter(({ position }) => position <= to);
    if (wanted.length === 0) return;
    yield wanted;
    next = wanted.at(-1)!.position + 1;
  }
}
