import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { stringKey } from '#backbone/keys/order.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { readHeader } from '#core/frames/header.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { Spool } from '../spool/spool.ts';
import { Committer } from './committer.ts';

const METRIC: Metric = {
  name: 'm',
  unit: 'x',
  decimals: 0,
  kind: 'gauge',
  intervalMs: 1000,
  rolloverScaled: null,
  quantiles: false,
  paneMs: 10_000,
  send: 'adaptive',
  excess: 'round',
  conflict: 'last',
  repeatHorizonMs: 1e9,
};

/** Bytes that keep the uplink busy. */
const BACKLOG_BYTES = 5 * 1024 * 1024;

describe('an adaptive metric', () => {
  it('is sent as readings, but as panes while the uplink lags behind', async () => {
    await using dir = await makeTemporaryDirectory('adaptive');
    await using table = await openEmbeddedTable({ dir: dir.dir });
    const spool = await Spool.open(table, { bytesMax: 1e8, prefix: stringKey('spool') });
    const agent = await Committer.open({ id: 'a', table, spool, metrics: new Map([['m', METRIC]]) });
    const entry = agent.dictionary.intern({ metric: 'm', device: 'd', tags: { device: 'd' } });
    assert(typeof entry === 'number');
    const offer = async (fromMs: number): Promise<void> => {
      const times = Float64Array.from({ length: 10 }, (_, i) => fromMs + i * 1000);
      const tallies = { rows: 10, readings: 10, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
      const columns = { count: 10, entry: new Int32Array(10).fill(entry), timeMs: times, value: times };
      await agent.offer('s', { ...columns, refusals: [], tallies, checkpoint: {}, watermarkMs: null }, 'everything');
    };
    await offer(0);
    const backlog = Array.from({ length: BACKLOG_BYTES / (256 * 1024) }, (_, i) => ({
      channel: 'refused' as const,
      incarnation: 1,
      sequence: i + 1,
      bytes: new Uint8Array(256 * 1024),
    }));
    await table.write(spool.stage(backlog), { sync: false });
    spool.committed(backlog);
    await offer(10_000);
    const kinds: string[] = [];
    for (let item = await spool.next(0); item !== undefined; item = await spool.next(item.place)) {
      if (item.channel === 'frame') kinds.push(readHeader(item.bytes).kind);
    }
    expect(kinds).toEqual(['birth', 'readings', 'panes']);
  });
});
