import { strict as assert } from 'node:assert';
import type { Log } from '#backbone/log/log.ts';
import { ArchiveSeamBroken } from './archive-errors.ts';
import type { Archive } from './archive.ts';

/** Records that a log had lost and has again: positions, both included. */
export interface Refilled {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Appends again what a log has lost of its tail, as after it was restored from an older copy, and the archive has. It
 * gets the positions that it had. Nobody else may append meanwhile. Throws ArchiveSeamBroken where the log's last record
 * isn't the archive's: then it isn't the tail alone that differs.
 */
export async function refillLog(log: Log, archive: Archive): Promise<readonly Refilled[]> {
  const refilled: Refilled[] = [];
  for (let partition = 0; partition < log.partitions; partition++) {
    const { first, last } = await log.bounds(partition);
    const to = archive.archivedTo(partition);
    if (last >= to) continue;
    if (last >= first) await checkSame(log, archive, partition, last);
    for await (const { entries } of archive.read(partition, last + 1, to)) {
      for (const { position, bytes } of entries) {
        const placed = await log.append(partition, bytes);
        assert(placed === position, `record ${position} is appended again as ${placed}`);
      }
    }
    refilled.push({ partition, from: last + 1, to });
  }
  return refilled;
}

async function checkSame(log: Log, archive: Archive, partition: number, position: number): Promise<void> {
  const [inLog] = await log.read(partition, position, { bytes: 1 });
  for await (const { entries } of archive.read(partition, position, position)) {
    if (Buffer.compare(entries[0]!.bytes, inLog!.bytes) === 0) continue;
    const what = `the log ends at ${position}, and holds another record there`;
    throw new ArchiveSeamBroken(partition, archive.archivedTo(partition), what);
  }
}
