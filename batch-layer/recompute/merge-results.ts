import type { ResultRef } from '#backbone/manifests/manifest.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { ResultWriter } from '#backbone/results/result-writer.ts';
import { mergeGroups } from './merge-blocks.ts';
import { resultSources } from './result-sources.ts';

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
  const sources = [];
  for (const [order, result] of results.entries()) sources.push(...(await resultSources(objects, result.name, order)));
  const writer = new ResultWriter(objects, name);
  await mergeGroups(sources, () => undefined, writer, signal);
  await writer.finish();
}
