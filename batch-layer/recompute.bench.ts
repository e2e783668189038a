/**
 * Measures a full batch run from the archive: `node batch-layer/recompute.bench.ts`, one JSON line each on standard
 * output. The data: 1,000 series, a reading per second, 31-bit values that walk at random, in live frames as an agent
 * sends them, some 120 readings of each series at a time; slices of one minute.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { declareView, ManifestStore } from '#backbone/manifests/manifest-store.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { View } from '#core/views/view.ts';
import { openArchive } from './archive/archive.ts';
import { runBatch } from './batch-run.ts';

const SERIES = 1000;
const SECONDS_PER_FRAME = 120;
const REGIONS = 5;
const START_MS = Date.UTC(2026, 0, 1);
const DAY_SECONDS = 86_400;
const STEP_MAX = 100;

/** A measured figure. */
export interface RecomputeFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'readings/s';
  readonly runs: number;
}

/**
 * Full recomputes of `seconds` seconds of the data, `runs` times for a view by region and for one by device; the middle
 * one counts. The line named `recompute` is the one by region.
 */
export async function benchRecompute(runs = 3, seconds = DAY_SECONDS): Promise<RecomputeFigure[]> {
  const figures: RecomputeFigure[] = [];
  const dir = await mkdtemp(join(tmpdir(), 'weir-recompute-'));
  try {
    await using log = await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 1 });
    await fillLog(log, seconds);
    await using archive = await openArchive({ dir: join(dir, 'archive'), log });
    const following = archive.run();
    following.catch(() => undefined);
    for (const [name, by] of [
      ['recompute', 'region'],
      ['recompute by device', 'device'],
    ] as const) {
      const view: View = { name: `by-${by}`, metric: 'load', by: [by], where: {}, sliceMs: 60_000 };
      const rates: number[] = [];
      for (let run = 0; run < runs; run++) {
        const place = join(dir, `${by}-${run}`);
        await using state = await openEmbeddedKeyValue({ dir: join(place, 'state') });
        await using objects = await openEmbeddedObjects({ dir: join(place, 'objects') });
        await using table = await openEmbeddedTable({ dir: join(place, 'table') });
        const manifests = new ManifestStore(state);
        await manifests.change(view.name, (current) => declareView(current, view, 1));
        const changes = await ChangeTable.open(table);
        const parts = { log, archive, objects, manifests, changes, views: [view], clock: () => START_MS };
        const outcome = await runBatch({ ...parts, full: true, id: `${by}-${run}` });
        rates.push(outcome.readings / outcome.seconds);
      }
      const value = Math.round(rates.toSorted((a, b) => a - b)[runs >> 1]!);
      figures.push({ name, value, unit: 'readings/s', runs });
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return figures;
}

async function fillLog(log: Log, seconds: number): Promise<void> {
  const entries = Array.from({ length: SERIES }, (_, i) => seriesOf(i));
  const meta = (sequence: number) => ({ incarnation: 1, sequence, dictionaryVersion: SERIES, watermarkMs: null });
  await append(log, encodeBirth(meta(1), { firstIndex: 0, entries, previous: null }));
  const values = new Float64Array(SERIES);
  let chance = 1;
  const next = (): number => (chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) >>> 0) / 0x1_0000_0000;
  for (let i = 0; i < SERIES; i++) values[i] = Math.floor((next() - 0.5) * 2 ** 31);
  const appends: Promise<void>[] = [];
  for (let from = 0, sequence = 2; from < seconds; from += SECONDS_PER_FRAME, sequence++) {
    const length = Math.min(SECONDS_PER_FRAME, seconds - from);
    const timeMs = new Float64Array(SERIES * length);
    const value = new Float64Array(SERIES * length);
    const anchorValue = values.slice();
    for (let series = 0, at = 0; series < SERIES; series++) {
      for (let i = 0; i < length; i++, at++) {
        values[series] = values[series]! + Math.round((next() - 0.5) * 2 * STEP_MAX);
        timeMs[at] = START_MS + (from + i) * 1000;
        value[at] = values[series]!;
      }
    }
    const frame = encodeReadings(meta(sequence), {
      runCount: SERIES,
      entry: Int32Array.from({ length: SERIES }, (_, i) => i),
      length: new Int32Array(SERIES).fill(length),
      anchored: new Uint8Array(SERIES).fill(from === 0 ? 0 : 1),
      anchorTimeMs: new Float64Array(SERIES).fill(START_MS + (from - 1) * 1000),
      anchorValue,
      unchecked: new Uint8Array(SERIES),
      timeMs,
      value,
      links: NO_LINKS,
    });
    appends.push(append(log, frame));
    if (appends.length >= 64) await Promise.all(appends.splice(0));
  }
  await Promise.all(appends);
}

async function append(log: Log, frame: Uint8Array): Promise<void> {
  await log.append(
    0,
    encodeRecord({ kind: 'frame', agent: 'bench', atMs: START_MS, verdict: { kind: 'accepted' }, frame }),
  );
}

function seriesOf(i: number): SeriesEntry {
  const device = `meter-${i}`;
  return {
    metric: 'load',
    unit: 'W',
    decimals: 0,
    kind: 'gauge',
    intervalMs: 1000,
    rollover: null,
    quantiles: false,
    paneMs: 10_000,
    device,
    tags: { device, region: `region-${i % REGIONS}` },
  };
}

if (import.meta.main) {
  for (const figure of await benchRecompute()) process.stdout.write(`${JSON.stringify(figure)}\n`);
}
