import type { Log } from '#backbone/log/log.ts';
import { encodeRecord } from '#core/records/record-codec.ts';

/**
 * Appends the cut `id` to every partition and resolves with the position of this copy in each, once all are durable.
 *
 * Repeating it with the same id after a lost answer is harmless: the first record with the id is the cut, every fold
 * ignores the others (docs/design.md#a-cut-ends-an-epoch). So the positions given here are those of the cut, or lie
 * after it.
 */
export async function cut(log: Log, id: string, atMs: number): Promise<readonly number[]> {
  const record = encodeRecord({ kind: 'cut', id, atMs });
  return Promise.all(Array.from({ length: log.partitions }, (_, partition) => log.append(partition, record)));
}
