import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
const by = process.argv[2] ?? 'region';
const { frames, total } = deserialize(readFileSync(`/tmp/e2e/frames-${process.argv[3]}.bin`)) as { frames: Uint8Array[]; total: number };
const K = Number(process.argv[4] ?? 12);
for (let k = 0; k < K; k++) {
  const fold = new PartitionFold();
  fold.addView(new ViewFold({ view: { name: 'v', metric: 'm', by: [by], where: {}, sliceMs: 60000 }, version: 1 }));
  const a = process.cpuUsage().user;
  frames.forEach((frame, i) => fold.apply(i + 1, { kind: 'frame', agent: 'a', atMs: 0, verdict: { kind: 'accepted' }, frame }));
  const s = (process.cpuUsage().user - a) / 1e6;
  console.log((total / s / 1e6).toFixed(1), 'M/s', fold.counters.readings, fold.counters.faultyFrames);
}
