import type { Log, LogEntry } from '#backbone/log/log.ts';
import { ArchiveOfAnotherLog, ArchiveSeamBroken } from './archive-errors.ts';
import type { Archive } from './archive.ts';

/** Bytes of records that one read takes from the log. */
const LOG_READ_BYTES = 4 * 1024 * 1024;

/** One history: the archive as far as it reaches, then the log. */
export interface History {
  /**
   * The records from position `from` to `to`, both included, in groups. Positions ascend by one across the seam.
   * Throws ArchiveSeamBroken, ArchiveDamaged, and what the log throws.
   */
  read(partition: number, from: number, to: number): AsyncIterable<readonly LogEntry[]>;
}

/** The history that archive and log tell together. Throws ArchiveOfAnotherLog where they don't belong together. */
export function historyOf(archive: Archive, log: Log): History {
  if (archive.generation !== log.generation) {
    throw new ArchiveOfAnotherLog(archive.dir, archive.generation, log.generation);
  }
  return { read: (partition, from, to) => readHistory(archive, log, partition, from, to) };
}

async function* readHistory(
  archive: Archive,
  log: Log,
  partition: number,
  from: number,
  to: number,
): AsyncIterable<readonly LogEntry[]> {
  const archived = Math.min(to, archive.archivedTo(partition));
  if (from <= archived) for await (const { entries } of archive.read(partition, from, archived)) yield entries;
  let next = Math.max(from, archived + 1);
  if (next > to) return;
  await archive.checkSeam(partition);
  while (next <= to) {
    const entries = (await log.read(partition, next, { bytes: LOG_READ_BYTES })).filter(
      ({ position }) => position <= to,
    );
    const first = entries[0];
    if (first?.position !== next) {
      throw new ArchiveSeamBroken(
        partition,
        next - 1,
        `position ${next} is not there, ${first?.position ?? 'nothing'} is`,
      );
    }
    yield entries;
    next = entries.at(-1)!.position + 1;
  }
}
