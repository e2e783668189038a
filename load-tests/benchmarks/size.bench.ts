import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { besideGoal, type Figure, figureOf, printFigures } from '../measure.ts';
import { exampleConfig, replay } from '../workloads/replay.ts';

const GOAL = 0.9;
const DECIMALS = 4;

/** The household file through agent, broker and archive; `size` is the larger of the two. Less is better. */
export async function benchSize(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { summary, archiveBytes } = await replay(folder.dir, (port) => exampleConfig('household', port));
  const perReading = (name: string, bytes: number): Figure =>
    figureOf(name, bytes / summary.counted, 'bytes/reading', { decimals: DECIMALS });
  return [
    besideGoal(perReading('size', Math.max(summary.bytes, archiveBytes)), GOAL),
    perReading('size-wire', summary.bytes),
    perReading('size-archive', archiveBytes),
  ];
}

if (import.meta.main) await printFigures(await benchSize());
