import { strict as assert } from 'node:assert';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { openSection } from '#edge-agent/sources/sources.fixtures.ts';
import { type FrameShape, loadRecords, loadView } from '../workloads/walking-load.ts';
import type { Piece } from './ratios.ts';

const LONG: FrameShape = { seriesPerFrame: 125, runLength: 500, seconds: 500 };
const LIVE: FrameShape = { seriesPerFrame: 1_000, runLength: 32, seconds: 256 };
const ROWS = 20_000;
const DEVICES = 100;

/** The parts that the speed of the whole rests on. The files that they read go when what is given is disposed of. */
export async function openPieces(): Promise<AsyncDisposable & { readonly pieces: readonly Piece[] }> {
  const folder = await makeTemporaryDirectory('baseline');
  await writeFile(join(folder.dir, 'rows.csv'), csvRows());
  const pieces = [
    foldPiece('fold', LONG, 'region'),
    foldPiece('fold-by-device', LONG, 'device'),
    foldPiece('fold-live', LIVE, 'region'),
    encodePiece(),
    { name: 'read-csv', run: () => readCsv(folder.dir) },
  ];
  return { pieces, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function foldPiece(name: string, shape: FrameShape, by: 'region' | 'device'): Piece {
  const records = [...loadRecords(shape)];
  return {
    name,
    run: () => {
      const fold = new PartitionFold();
      fold.addView(new ViewFold({ view: loadView(by), version: 1 }));
      for (const [i, record] of records.entries()) fold.apply(i + 1, record);
      assert.equal(fold.counters.faultyFrames, 0, 'no frame is faulty');
    },
  };
}

function encodePiece(): Piece {
  const [runCount, length] = [100, 1_000];
  const count = runCount * length;
  const runs = {
    runCount,
    entry: Int32Array.from({ length: runCount }, (_, i) => i),
    length: new Int32Array(runCount).fill(length),
    anchored: new Uint8Array(runCount),
    anchorTimeMs: new Float64Array(runCount),
    anchorValue: new Float64Array(runCount),
    unchecked: new Uint8Array(runCount),
    timeMs: Float64Array.from({ length: count }, (_, i) => (i % length) * 1_000),
    value: Float64Array.from({ length: count }, (_, i) => 100_000 + ((i * 7_919) % 401)),
    links: NO_LINKS,
  };
  const meta = { incarnation: 1, sequence: 1, dictionaryVersion: runCount, watermarkMs: null };
  return { name: 'encode', run: () => assert(encodeReadings(meta, runs).length > 0, 'a frame has bytes') };
}

function csvRows(): string {
  let text = 'ts,device,value\n';
  for (let i = 0; i < ROWS; i++) {
    text += `${1_704_067_200 + Math.floor(i / DEVICES)},meter-${i % DEVICES},${((i * 7_919) % 1_000_000) / 1_000}\n`;
  }
  return text;
}

async function readCsv(folder: string): Promise<void> {
  const metrics = new Map([['power', metricNamed('power', { intervalMs: 1_000 })]]);
  const series = [{ metric: 'power', value: 'value', device: '{device}' }];
  const section = { kind: 'csv', file: 'rows.csv', time: { columns: ['ts'], format: 'unix' }, series };
  const source = openSection(section, { metrics, registry: new SeriesList(), folder, nowMs: () => 1_704_067_200_000 });
  let readings = 0;
  for await (const batch of source.batches(null, new AbortController().signal)) readings += batch.count;
  assert.equal(readings, ROWS, 'every row is read');
}
