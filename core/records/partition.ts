import { strict as assert } from 'node:assert';

/**
 * The partition of an agent's records, from 0 to `partitions` − 1: always the same for the same number of partitions, so
 * that all records of an agent stand in one order. It is part of the log's format: every part computes it, none may
 * change it (`partition.test.ts` locks it).
 */
export function partitionOf(agent: string, partitions: number): number {
  assert(Number.isInteger(partitions) && partitions >= 1, `a log has at least one partition, not ${partitions}`);
  return stableHash(agent) % partitions;
}

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;
const utf8 = new TextEncoder();

/**
 * A hash of a text that never changes, an integer from 0 to 2^32 − 1: FNV-1a (RFC 9923, 32 bits) over the UTF-8 bytes,
 * then the finalizer of MurmurHash3. FNV alone leaves the low bits to the low bits of the bytes, and `% partitions`
 * looks at nothing else.
 */
export function stableHash(text: string): number {
  let hash = FNV_OFFSET;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, FNV_PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
