import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { besideGoal, type Figure } from './benchmark.ts';
import { exampleConfig, replay } from './replay.ts';

const GOAL = 0.9;
const DIGITS = 4;

/** The household file through agent, broker and archive; `size` is the larger of the two. Less is better. */
export async function benchSize(): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { summary, archiveBytes } = await replay(folder.dir, (port) => exampleConfig('household', port));
  const onWire = Number((summary.bytes / summary.counted).toFixed(DIGITS));
  const inArchive = Number((archiveBytes / summary.counted).toFixed(DIGITS));
  const unit = 'bytes/reading';
  return [
    besideGoal({ name: 'size', value: Math.max(onWire, inArchive), unit, runs: 1 }, GOAL),
    { name: 'size-wire', value: onWire, unit, runs: 1 },
    { name: 'size-archive', value: inArchive, unit, runs: 1 },
  ];
}
