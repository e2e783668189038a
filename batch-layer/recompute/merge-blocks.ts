import { strict as assert } from 'node:assert';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import type { BlockExtent, ResultWriter } from '#backbone/results/result-writer.ts';
import type { ResultBlock } from '#backbone/results/results.ts';
import { PENDING, RESETS } from '#core/slices/merge-rows.ts';
import type { Refolded } from './refold.ts';

/** A block with at least so many rows is passed on as it is where nothing overlaps it; smaller ones are packed together. */
const WHOLE_ROWS_MIN = 128;

/** Merging that is done in one turn of the event loop. */
const TURN_MS_MAX = 10;

/** A block that takes part in a merge. */
export interface MergeSource extends BlockExtent {
  /** The order of the rows of one slice: base before deltas, then changes. Equal where the order doesn't matter. */
  readonly order: number;
  /** Some row waits for a refold. */
  readonly pending: boolean;
  /** The block as it is stored. */
  readBytes(): Promise<Uint8Array>;
  readRows(): Promise<ResultBlock>;
}

interface Cursor {
  readonly source: MergeSource;
  readonly block: ResultBlock;
  at: number;
}

/** Merges blocks of many partitions and groups into a result, in its order. */
export async function mergeGroups(
  sources: readonly MergeSource[],
  refoldedOf: (partition: number) => Refolded | undefined,
  writer: ResultWriter,
  signal: AbortSignal,
): Promise<void> {
  const builder = new BlockBuilder();
  const groups = new Map<string, MergeSource[]>();
  for (const source of sources) {
    const key = `${source.partition}/${source.group}`;
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [source]);
    else list.push(source);
  }
  const ordered = [...groups.values()].sort(([a], [b]) =>
    a!.partition === b!.partition ? (a!.group < b!.group ? -1 : 1) : a!.partition - b!.partition,
  );
  let turnMs = performance.now();
  for (const list of ordered) {
    signal.throwIfAborted();
    if (performance.now() - turnMs > TURN_MS_MAX) {
      // Whoever runs this has readers to answer meanwhile.
      await new Promise(setImmediate);
      turnMs = performance.now();
    }
    await mergeBlocks(list, refoldedOf(list[0]!.partition), builder, writer);
  }
}

/**
 * Merges blocks of one partition and group into blocks that don't overlap, in ascending order of slices. Rows of one
 * slice become one row, as core/slices/merge-rows.ts says; a row that is pending takes its selection from `refolded`,
 * or stays so where nothing was refolded. In memory are only the blocks that overlap at a slice, and one that is being
 * filled.
 */
async function mergeBlocks(
  sources: readonly MergeSource[],
  refolded: Refolded | undefined,
  builder: BlockBuilder,
  writer: ResultWriter,
): Promise<void> {
  const waiting = sources.toSorted((a, b) => a.firstSlice - b.firstSlice || a.order - b.order);
  const cursors: Cursor[] = [];
  const { partition, group } = waiting[0]!;
  const flush = async (): Promise<void> => {
    const built = builder.build(partition, group);
    if (built !== undefined) await writer.add(built.extent, built.bytes);
  };
  let next = 0;
  for (;;) {
    const source = waiting[next];
    if (cursors.length === 0) {
      if (source === undefined) break;
      const isAlone = (waiting[next + 1]?.firstSlice ?? Number.POSITIVE_INFINITY) > source.lastSlice;
      if (isAlone && source.rows >= WHOLE_ROWS_MIN && !source.pending) {
        await flush();
        await writer.add(source, await source.readBytes());
        next++;
        continue;
      }
    }
    let slice = Number.POSITIVE_INFINITY;
    for (const { block, at } of cursors) slice = Math.min(slice, block.slice[at]!);
    if (source !== undefined && source.firstSlice <= slice) {
      cursors.push({ source, block: await source.readRows(), at: 0 });
      next++;
      continue;
    }
    takeSlice(cursors, slice, builder);
    if (refolded !== undefined && (builder.flags & PENDING) !== 0) {
      const found = refolded.of({ group, slice });
      assert(found !== undefined, 'a row that is pending was refolded');
      builder.putSelection(found.table, found.slot, RESETS);
    }
    if (builder.isFull) await flush();
  }
  await flush();
}

/** Merges the rows of one slice, the newest first, and moves past them. */
function takeSlice(cursors: Cursor[], slice: number, builder: BlockBuilder): void {
  if (cursors.length > 1) cursors.sort((a, b) => b.source.order - a.source.order);
  builder.open(slice);
  let finished = false;
  for (const cursor of cursors) {
    const { block, at } = cursor;
    if (block.slice[at] !== slice) continue;
    builder.take(block.table, block.firstSlot + at, block.revision[at]!, block.flags[at]!);
    cursor.at++;
    finished ||= cursor.at === block.count;
  }
  if (!finished) return;
  const left = cursors.filter(({ block, at }) => at < block.count);
  cursors.splice(0, cursors.length, ...left);
}
