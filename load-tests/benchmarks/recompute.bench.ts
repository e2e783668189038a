import { join } from 'node:path';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { declareView, ManifestStore } from '#backbone/manifests/manifest.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { Archive } from '#batch-layer/archive/archive.ts';
import { type BatchResources, runBatch } from '#batch-layer/batch-run.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { besideGoal, type Figure, measure, measureInTurn, type Measurement, printFigures } from '../measure.ts';
import { type FrameShape, loadRecords, loadView, START_MS } from '../workloads/walking-load.ts';

const RUNS = 3;
/** On two cores. */
const GOAL = 60_000_000;
/** A day as an agent sends it live: some 120 readings of each series at a time. */
const DAY: FrameShape = { seriesPerFrame: 1_000, runLength: 120, seconds: 86_400 };
const APPENDS_IN_FLIGHT = 64;

/** Full recomputes of a day from the archive, for a view by region. */
export function benchRecompute(): Promise<readonly Figure[]> {
  return withHistory(async (measurementOf) => [besideGoal(await measure(measurementOf('recompute', 'region')), GOAL)]);
}

/** The same for a view by device, and in turn by region. */
export function benchRecomputeByDevice(): Promise<readonly Figure[]> {
  return withHistory((measurementOf) =>
    measureInTurn(measurementOf('recompute-by-device', 'device'), measurementOf('recompute-by-region', 'region')),
  );
}

type MeasurementOf = (name: string, by: 'region' | 'device') => Measurement;

/** Fills a log and its archive with the day, for as long as `work` measures on them. */
async function withHistory(work: (of: MeasurementOf) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  await using folder = await makeTemporaryDirectory('bench');
  const { dir } = folder;
  await using log = await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 1 });
  await fillLog(log);
  await using archive = await Archive.open({ dir: join(dir, 'archive'), log });
  const following = archive.run();
  following.catch(() => undefined);
  return await work((name, by) => ({
    name,
    unit: 'readings/s',
    runs: RUNS,
    run: (run) => recomputeOnce({ log, archive }, by, join(dir, `${by}-${run}`)),
  }));
}

type History = Pick<BatchResources, 'log' | 'archive'>;

/** Recomputes all of history into stores of its own below `dir`; gives readings per second. */
async function recomputeOnce(history: History, by: 'region' | 'device', dir: string): Promise<number> {
  const view = loadView(by);
  await using state = await openEmbeddedKeyValue({ dir: join(dir, 'state') });
  await using objects = await openEmbeddedObjects({ dir: join(dir, 'objects') });
  await using table = await openEmbeddedTable({ dir: join(dir, 'table') });
  const manifests = new ManifestStore(state);
  await manifests.change(view.name, (current) => declareView(current, view, 1));
  const changes = await ChangeTable.open(table);
  const resources = { ...history, objects, manifests, changes, views: [view], clock: () => START_MS };
  const { signal } = new AbortController();
  const { readings, seconds } = await runBatch(resources, { full: true, id: dir, signal });
  return readings / seconds;
}

async function fillLog(log: Log): Promise<void> {
  const appends: Promise<number>[] = [];
  for (const record of loadRecords(DAY)) {
    appends.push(log.append(0, encodeRecord(record)));
    if (appends.length >= APPENDS_IN_FLIGHT) await Promise.all(appends.splice(0));
  }
  await Promise.all(appends);
}

if (import.meta.main) await printFigures([...(await benchRecompute()), ...(await benchRecomputeByDevice())]);
