import { strict as assert } from 'node:assert';
import { stableHash } from './stable-hash.ts';

/**
 * The partition of an agent's records, from 0 to `partitions` − 1: always the same for the same number of partitions, so
 * that all records of an agent stand in one order. It is part of the log's format: every part computes it, none may
 * change it (`partition.test.ts` locks it).
 */
export function partitionOf(agent: string, partitions: number): number {
  assert(Number.isInteger(partitions) && partitions >= 1, `a log has at least one partition, not ${partitions}`);
  return stableHash(agent) % partitions;
}
