import { ObjectDamaged } from '#backbone/objects/objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import type { Warner } from '../batch-run.ts';
import type { MergeSource } from '../recompute/merge-blocks.ts';
import { resultSources } from '../recompute/result-sources.ts';

/**
 * The blocks of a stored result that can be read. A damaged one is named and left out, so that its slices come out as
 * different: what readers can't be given is not what history says.
 */
export async function soundSources(
  objects: Objects,
  result: string,
  order: number,
  logger: Warner | undefined,
): Promise<MergeSource[]> {
  const sound: MergeSource[] = [];
  try {
    for (const source of await resultSources(objects, result, order)) {
      if (await isSound(source, logger)) sound.push(source);
    }
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error;
    logger?.warn({ reason: error.message }, 'a stored result can not be read');
  }
  return sound;
}

async function isSound(source: MergeSource, logger: Warner | undefined): Promise<boolean> {
  try {
    await source.readRows();
    return true;
  } catch (error) {
    if (!(error instanceof ObjectDamaged)) throw error;
    logger?.warn({ reason: error.message }, 'a stored block can not be read');
    return false;
  }
}
