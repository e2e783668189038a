import type { ResultRef } from '#backbone/manifests/manifest.ts';
import { ObjectDamaged } from '#backbone/objects/objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import {
  blockObjectName,
  type BlockPlace,
  decodeDirectory,
  directoryName,
} from '#backbone/results/result-directory.ts';
import { decodeResultBlock } from '#backbone/results/result-format.ts';
import { ResultWriter } from '#backbone/results/result-writer.ts';
import type { ResultBlock } from '#backbone/results/results.ts';
import { mergeGroups, type MergeSource } from './merge-blocks.ts';

const PLACE = 'the objects of batch results';

/** Objects of one result that are kept while its blocks are read in order, and its neighbours of other results too. */
const OBJECTS_KEPT = 4;

/** The blocks of a stored result as sources of a merge. */
export async function resultSources(objects: Objects, result: string, order: number): Promise<MergeSource[]> {
  const stored = await openResult(objects, result);
  return stored.places.map((place): MergeSource => ({
    ...place,
    order,
    pending: false,
    readBytes: () => stored.bytesOf(place),
    readRows: () => stored.rowsOf(place),
  }));
}

/**
 * Merges a base and the deltas that follow it into one new base, stored as `name`, without folding anything again: the
 * results combine row by row (core/slices/merge-rows.ts).
 */
export async function mergeResults(
  objects: Objects,
  results: readonly ResultRef[],
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const sources: MergeSource[] = [];
  for (const [order, result] of results.entries()) sources.push(...(await resultSources(objects, result.name, order)));
  const writer = new ResultWriter(objects, name);
  await mergeGroups(sources, () => undefined, writer, signal);
  await writer.finish();
}

/** Every block of a stored result, in the order of (partition, group, slices). */
export async function* resultBlocks(objects: Objects, result: string): AsyncIterable<ResultBlock> {
  const stored = await openResult(objects, result);
  for (const place of stored.places) yield await stored.rowsOf(place);
}

interface StoredResult {
  readonly places: readonly BlockPlace[];
  bytesOf(place: BlockPlace): Promise<Uint8Array>;
  rowsOf(place: BlockPlace): Promise<ResultBlock>;
}

/** Throws ObjectDamaged where an object is missing, damaged, or not what the directory says. */
async function openResult(objects: Objects, result: string): Promise<StoredResult> {
  const kept = new Map<string, Uint8Array>();
  const contentOf = async (name: string): Promise<Uint8Array> => {
    const present = kept.get(name);
    if (present !== undefined) return present;
    const bytes = await objects.get(name);
    if (bytes === undefined)
      throw new ObjectDamaged(name, PLACE, 'it is missing, though a manifest or directory names it');
    if (kept.size >= OBJECTS_KEPT) kept.delete(kept.keys().next().value!);
    kept.set(name, bytes);
    return bytes;
  };
  const directory = directoryName(result);
  const bytes = await objects.get(directory);
  if (bytes === undefined) throw new ObjectDamaged(directory, PLACE, 'it is missing, though a manifest names it');
  const places = decodeDirectory(bytes, directory, PLACE);
  const bytesOf = async (place: BlockPlace): Promise<Uint8Array> => {
    const content = await contentOf(blockObjectName(result, place.object));
    return content.subarray(place.offset, place.offset + place.bytes);
  };
  const rowsOf = async (place: BlockPlace): Promise<ResultBlock> =>
    decodeResultBlock(await bytesOf(place), blockObjectName(result, place.object), PLACE);
  return { places, bytesOf, rowsOf };
}
