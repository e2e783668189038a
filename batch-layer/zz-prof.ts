import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openArchive } from './archive/archive.ts';
import { planPartition } from './recompute/partition-plan.ts';
import { runFoldJob } from './recompute/fold-job.ts';
import { existsSync, rmSync, mkdirSync } from 'node:fs';
import { fillLog } from './recompute.bench.ts';
const dir = '/tmp/bprof';
const seconds = 21600;
await using log = await openEmbeddedLog({ dir: dir + '/log', partitions: 1 });
if ((await log.bounds(0)).last === 0) await fillLog(log, seconds);
await using archive = await openArchive({ dir: dir + '/archive', log });
archive.run();
const last = (await log.bounds(0)).last;
const signal = new AbortController().signal;
await archive.whenArchived(0, last, signal);
const cpu = async <T>(name: string, act: () => T | Promise<T>): Promise<T> => {
  const before = process.threadCpuUsage(); const t0 = performance.now();
  const out = await act();
  const used = process.threadCpuUsage(before);
  console.log(name, 'cpu ms', (used.user + used.system) / 1000, 'wall', performance.now() - t0, 'M/s', seconds * 1000 / (used.user + used.system));
  return out;
};
mkdirSync(dir + '/s', { recursive: true });
for (let i = 0; i < 3; i++) {
  const plan = await cpu('plan', () => planPartition(archive, { partition: 0, listFrom: 0, to: last }, signal));
  console.log('bytes/reading', plan.planner.frames.bytes.reduce((a, b) => a + b, 0) / seconds / 1000);
  for (const by of (process.argv[2] ?? 'region,device').split(',')) {
    const view = { view: { name: 'v', metric: 'load', by: [by], where: {}, sliceMs: 60000 }, version: 1 };
    rmSync(dir + '/s/run', { force: true });
    const r = await cpu('fold ' + by, () => runFoldJob({ partition: 0, views: [view], agents: plan.planner.agents.map(({ fold }) => ({ agent: fold.agent, entries: fold.entries })), paths: plan.paths, frames: plan.planner.frames.columns(0, plan.planner.frames.count), amendedBefore: [[]], runPath: dir + '/s/run', slicesMax: 1e6 }));
    console.log(r.readings, r.blocks.length, r.blocks.reduce((a, b) => a + b.bytes, 0));
  }
}
process.exit(0);
