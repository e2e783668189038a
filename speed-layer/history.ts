import type { Log, LogEntry } from '#backbone/log/log.ts';

/** Bytes of records that one step reads from the log, of what is new and of what is read again. */
export const READ_BYTES = 4 * 1024 * 1024;

/**
 * The records of a partition from position `from` to `to`, both included, which the log or its past holds, in groups: for whoever
 * looks at history again beside the live fold. Ends early where the signal says so.
 */
export async function* readHistory(
  log: Log,
  partition: number,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncIterable<readonly LogEntry[]> {
  if (from > to) return;
  for await (const entries of log.follow(partition, from, { signal, bytesMax: READ_BYTES })) {
    const isLast = entries.at(-1)!.position >= to;
    yield isLast ? entries.filter(({ position }) => position <= to) : entries;
    if (isLast) return;
  }
}
