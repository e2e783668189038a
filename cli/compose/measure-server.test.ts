import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { newTally } from '#broker/counters.ts';
import { SAMPLE_LOG_REPORT } from '../terminal/terminal.fixtures.ts';
import { measureServer } from './measure-server.ts';
import type { ServerStatus } from './server-status.ts';

const STATUS: Omit<ServerStatus, 'holds'> = {
  log: SAMPLE_LOG_REPORT,
  version: '1.2.3',
  startedAt: '2026-05-01T00:00:00Z',
  acknowledged: [7],
  partitions: [],
  broker: { ...newTally(), inFlight: 0, inFlightBytes: 0 },
  stores: [],
};
const NOWHERE = fileURLToPath(new URL('nowhere', import.meta.url));

describe('what is measured of a server', () => {
  it('leaves out what nobody knows: how long ago a batch run was before there was one, the disk of a directory that is gone', async () => {
    const registry = new Registry();
    let runs: { done: number; failed: number; doneAtMs?: number; tookMs?: number } = { done: 0, failed: 0 };
    const holds = () => Promise.resolve([]);
    const fullness = () => [];
    measureServer(registry, { status: () => STATUS, fullness, holds, batchRuns: () => runs, dataDir: NOWHERE });
    const told = async (): Promise<readonly string[]> =>
      [...(await registry.metrics()).matchAll(/^(weir_(?:batch|data_disk)_\S+ .*)$/gm)].map(([, line]) => line!);
    expect(await told()).toEqual([
      'weir_batch_runs_total{outcome="done"} 0',
      'weir_batch_runs_total{outcome="failed"} 0',
    ]);
    runs = { done: 1, failed: 0, doneAtMs: 5_000, tookMs: 500 };
    expect(await told()).toEqual([
      'weir_batch_runs_total{outcome="done"} 1',
      'weir_batch_runs_total{outcome="failed"} 0',
      'weir_batch_last_success_timestamp_seconds 5',
      'weir_batch_last_duration_seconds 0.5',
    ]);
  });

  it('tells how full is what is bounded, and how full it may be, as it stands when it is asked for', async () => {
    const registry = new Registry();
    let held = 3;
    measureServer(registry, {
      status: () => STATUS,
      fullness: () => [{ of: 'index_bytes', held, max: 10 }],
      holds: () => Promise.resolve([]),
      batchRuns: () => ({ done: 0, failed: 0 }),
      dataDir: NOWHERE,
    });
    await registry.metrics();
    held = 4;
    expect((await registry.metrics()).match(/^weir_bounded_.*$/gm)).toEqual([
      'weir_bounded_held{of="index_bytes"} 4',
      'weir_bounded_max{of="index_bytes"} 10',
    ]);
  });
});
