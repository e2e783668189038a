import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ResultRef } from '#backbone/manifests/manifest.ts';
import { ObjectDamaged } from '#backbone/objects/objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import {
  blockObjectName,
  type BlockPlace,
  decodeDirectory,
  directoryFormat,
  directoryName,
  RESULT_DIRECTORY_FORMAT,
  type ResultDirectory,
} from '#backbone/results/result-directory.ts';
import { decodeResultBlock } from '#backbone/results/result-format.ts';
import { type ResultSize, ResultWriter } from '#backbone/results/result-writer.ts';
import { type GroupRows, groupRows } from '#backbone/results/results.ts';
import { ResultOutdated } from '../batch-errors.ts';
import type { FoldPool } from './fold-pool.ts';
import { mergedRun, type OrderedRun, planMerge } from './merge-plan.ts';
import { RunReader, RunWriter, type SortedRun } from './run-file.ts';

const PLACE = 'the objects of batch results';

/** Bytes that tell the format of a directory. */
const FORMAT_BYTES = 20;

/** Stores a run as a result, and gives its size. */
export async function storeRun(objects: Objects, name: string, { blocks, groups }: SortedRun): Promise<ResultSize> {
  using reader = new RunReader();
  const writer = new ResultWriter(objects, name);
  for (const block of blocks) await writer.add(block, reader.read(block));
  return await writer.finish(groups);
}

/**
 * Copies a stored result into a file of the scratch. A block that can't be read is told to `leftOut` where that is given, and left
 * out. Throws ObjectDamaged else, and ResultOutdated where it was written before results held many groups in a block.
 */
export async function fetchRun(
  objects: Objects,
  result: string,
  path: string,
  leftOut?: (fault: ObjectDamaged) => void,
): Promise<SortedRun> {
  const { directory, bytesOf } = await openResult(objects, result);
  if (directory.format < RESULT_DIRECTORY_FORMAT) throw new ResultOutdated(result);
  using writer = new RunWriter(path);
  for (const place of directory.places()) {
    try {
      const bytes = await bytesOf(place);
      if (leftOut !== undefined) decodeResultBlock(bytes, blockObjectName(result, place.object), PLACE);
      writer.add(place, bytes);
    } catch (fault) {
      if (!(fault instanceof ObjectDamaged) || leftOut === undefined) throw fault;
      leftOut(fault);
    }
  }
  return writer.finish(directory.groups);
}

/**
 * Merges a base and the deltas that follow it into one new base, stored as `name`, without folding anything again: the
 * results, whose slices are so long, combine row by row (core/slices/merge-rows.ts), in a process of the pool. `dir` is for what it needs meanwhile.
 */
export async function mergeResults(
  objects: Objects,
  results: readonly ResultRef[],
  sliceMs: number,
  name: string,
  dir: string,
  pool: FoldPool,
  signal: AbortSignal,
): Promise<void> {
  const runs: OrderedRun[] = [];
  for (const [order, result] of results.entries()) {
    signal.throwIfAborted();
    runs.push({ run: await fetchRun(objects, result.name, join(dir, `${randomUUID()}.run`)), order });
  }
  await storeRun(objects, name, await mergeRuns(runs, sliceMs, dir, pool, signal));
}

/** Merges runs into one, in processes of the pool. `dir` is for what is merged row by row. */
export async function mergeRuns(
  runs: readonly OrderedRun[],
  sliceMs: number,
  dir: string,
  pool: FoldPool,
  signal: AbortSignal,
): Promise<SortedRun> {
  const outPath = (): string => join(dir, `${randomUUID()}.run`);
  const plan = planMerge(runs, { sliceMs, workers: pool.workers, outPath });
  return mergedRun(plan, await pool.merge(plan.jobs, signal));
}

/** Whether a result has to be made again from all history, since it can't be merged with what is made now. */
export async function isOutdated(objects: Objects, { name }: ResultRef): Promise<boolean> {
  const directory = directoryName(name);
  const [bytes] = (await objects.getParts(directory, [{ offset: 0, bytes: FORMAT_BYTES }])) ?? [];
  return bytes !== undefined && directoryFormat(bytes, directory, PLACE) < RESULT_DIRECTORY_FORMAT;
}

/** Every row of a stored result, in the order of results. */
export async function* resultRows(objects: Objects, result: string): AsyncIterable<GroupRows> {
  const { directory, bytesOf } = await openResult(objects, result);
  for (const place of directory.places())
    yield* groupRows(decodeResultBlock(await bytesOf(place), blockObjectName(result, place.object), PLACE));
}

interface StoredResult {
  readonly directory: ResultDirectory;
  readonly bytesOf: (place: BlockPlace) => Promise<Uint8Array>;
}

/** Throws ObjectDamaged where an object is missing, damaged, or not what the directory says. */
async function openResult(objects: Objects, result: string): Promise<StoredResult> {
  const name = directoryName(result);
  const bytes = await objects.get(name);
  if (bytes === undefined) throw missing(name);
  // Blocks are asked for in their order, so one object at a time is enough.
  let kept: { readonly name: string; readonly content: Uint8Array } | undefined;
  const bytesOf = async ({ object, offset, bytes: length }: BlockPlace): Promise<Uint8Array> => {
    const wanted = blockObjectName(result, object);
    if (kept?.name !== wanted) {
      const content = await objects.get(wanted);
      if (content === undefined) throw missing(wanted);
      kept = { name: wanted, content };
    }
    return kept.content.subarray(offset, offset + length);
  };
  return { directory: decodeDirectory(bytes, name, PLACE), bytesOf };
}

function missing(name: string): ObjectDamaged {
  return new ObjectDamaged(name, PLACE, 'it is missing, though a manifest or directory names it');
}
