import { type BlockExtent } from '#backbone/results/result-directory.ts';
import { compareRows } from '#backbone/results/results.ts';
import { type MergeInput, type MergeJob, WHOLE_SLICES_MIN } from './merge-runs.ts';
import type { RunBlock, SortedRun } from './run-file.ts';

/** A sorted run that is to be merged with others. */
export interface OrderedRun {
  readonly run: SortedRun;
  /** The order of the rows of one slice, from the oldest to the newest. Equal where it doesn't matter. */
  readonly order: number;
}

/** How runs become one: some of their blocks as they are, the others by merging them row by row. */
export interface MergePlan {
  readonly kept: readonly RunBlock[];
  readonly jobs: readonly MergeJob[];
  /** Of all rows. */
  readonly groups: readonly string[];
}

export interface MergePlanOptions {
  readonly sliceMs: number;
  readonly workers: number;
  /** File for what comes out of a job. */
  readonly outPath: (job: number) => string;
}

/** A block of one of the runs. */
interface Piece {
  readonly block: RunBlock;
  readonly run: number;
}

/**
 * Plans a merge: only blocks that overlap others, or that are small beside small ones, have to be merged, and none of these
 * with those of another job. What is left needn't even be read.
 */
export function planMerge(runs: readonly OrderedRun[], { sliceMs, workers, outPath }: MergePlanOptions): MergePlan {
  const kept: RunBlock[] = [];
  const clusters: Piece[][] = [];
  for (const cluster of clustersOf(runs)) {
    if (cluster.length === 1) kept.push(cluster[0]!.block);
    else clusters.push(cluster);
  }
  const groups = [...new Set(runs.flatMap(({ run }) => run.groups))];
  const jobs = shareOut(clusters, Math.max(1, workers)).map((some, job): MergeJob => {
    return { merges: some.map((cluster) => inputsOf(cluster, runs)), sliceMs, outPath: outPath(job) };
  });
  return { kept, jobs, groups };
}

/** The run that a plan's jobs have made, in whatever order they ended. */
export function mergedRun({ kept, groups }: MergePlan, made: readonly (readonly RunBlock[])[]): SortedRun {
  return { blocks: [...kept, ...made.flat()].sort(byFirst), groups };
}

function byFirst(a: BlockExtent, b: BlockExtent): number {
  return compareRows(a.first, b.first);
}

/** Blocks in their order, those together that have to be merged with one another. */
function* clustersOf(runs: readonly OrderedRun[]): Iterable<Piece[]> {
  const pieces = runs.flatMap(({ run }, index) => run.blocks.map((block): Piece => ({ block, run: index })));
  let cluster: Piece[] = [];
  let last: RunBlock | undefined;
  for (const piece of pieces.sort((a, b) => byFirst(a.block, b.block))) {
    const { block } = piece;
    if (last !== undefined && !overlaps(last, block) && !areSmall(last, block)) {
      yield cluster;
      cluster = [];
      last = undefined;
    }
    cluster.push(piece);
    if (last === undefined || compareRows(block.last, last.last) > 0) last = block;
  }
  if (cluster.length > 0) yield cluster;
}

/** Whether rows of a block, which doesn't begin before the other, lie among those of the other. */
function overlaps(before: BlockExtent, { first }: BlockExtent): boolean {
  return compareRows(first, before.last) <= 0;
}

function areSmall(before: BlockExtent, block: BlockExtent): boolean {
  return (
    before.first.partition === block.first.partition &&
    before.slices < WHOLE_SLICES_MIN &&
    block.slices < WHOLE_SLICES_MIN
  );
}

/** The blocks of a cluster, run by run. */
function inputsOf(cluster: readonly Piece[], runs: readonly OrderedRun[]): MergeInput[] {
  const blocksOf = Map.groupBy(cluster, ({ run }) => run);
  return [...blocksOf].map(([run, pieces]) => ({ blocks: pieces.map(({ block }) => block), order: runs[run]!.order }));
}

/** Shares clusters out, in their order, so that each share has about as many slices; none where there are no clusters. */
function shareOut(clusters: readonly Piece[][], shares: number): Piece[][][] {
  const slicesOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { block }) => sum + block.slices, 0);
  const total = clusters.reduce((sum, cluster) => sum + slicesOf(cluster), 0);
  const found: Piece[][][] = [];
  let slices = 0;
  for (const cluster of clusters) {
    if (slices * shares >= total * found.length) found.push([]);
    found.at(-1)!.push(cluster);
    slices += slicesOf(cluster);
  }
  return found;
}
