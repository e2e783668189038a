import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { openArchive } from './archive/archive.ts';
import { planPartition } from './recompute/partition-plan.ts';
import { recompute } from './recompute/recompute.ts';
import { FoldPool } from './recompute/fold-pool.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import { fillLog } from './recompute.bench.ts';
const dir = '/tmp/bprof/day';
const seconds = 86400;
await using log = await openEmbeddedLog({ dir: dir + '/log', partitions: 1 });
if ((await log.bounds(0)).last === 0) await fillLog(log, seconds);
await using archive = await openArchive({ dir: dir + '/archive', log });
archive.run();
const last = (await log.bounds(0)).last;
const signal = new AbortController().signal;
await archive.whenArchived(0, last, signal);
const objects = await openEmbeddedObjects({ dir: dir + '/obj' });
for (let i = 0; i < 3; i++) {
  for (const by of (process.argv[2] ?? 'region,device').split(',')) {
    const view = { view: { name: 'v', metric: 'load', by: [by], where: {}, sliceMs: 60000 }, version: 1 };
    const pool = new FoldPool(2);
    await new Promise((r) => setTimeout(r, 1000));
    const t0 = performance.now();
    const plan = await planPartition(archive, { partition: 0, listFrom: 0, to: last }, signal);
    const t1 = performance.now();
    let t2 = 0;
    const n = await recompute({ archive, objects, targets: [{ view, result: 'r' + i + by + Date.now() }], plans: [plan], from: [0], fullPlan: async () => plan, pool, progress: (d, t) => { t2 = performance.now(); }, signal });
    const t3 = performance.now();
    await pool[Symbol.asyncDispose]();
    console.log(by, 'plan', (t1 - t0) | 0, 'fold', (t2 - t1) | 0, 'merge', (t3 - t2) | 0, 'M/s', n / (t3 - t0) / 1000);
  }
}
process.exit(0);
