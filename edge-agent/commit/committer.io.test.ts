import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { prefixRange, stringKey } from '#backbone/keys/order.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { Table } from '#backbone/table/table.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import { readHeader } from '#core/frames/header.ts';
import { type Metric, UNBOUNDED } from '#core/metrics/metric.ts';
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
  ...UNBOUNDED,
};

/** Bytes that keep the uplink busy. */
const BACKLOG_BYTES = 5 * 1024 * 1024;

describe('an adaptive metric', () => {
  it('is sent as readings, but as panes while the uplink lags behind', async () => {
    await using dir = await makeTemporaryDirectory('adaptive');
    await using table = await openEmbeddedTable({ dir: dir.dir });
    const spool = await Spool.open(table, { bytesMax: 1e8, prefix: stringKey('spool') });
    const agent = await Committer.open({ id: 'a', table, spool, metrics: new Map([['m', METRIC]]), nowMs: Date.now });
    const entry = agent.dictionary.intern({ metric: 'm', device: 'd', tags: { device: 'd' } });
    assert(typeof entry === 'number');
    const offer = async (fromMs: number): Promise<void> => {
      const times = Float64Array.from({ length: 20 }, (_, i) => fromMs + i * 500);
      const tallies = { rows: 20, readings: 20, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
      const columns = { count: 20, entry: new Int32Array(20).fill(entry), timeMs: times, value: times };
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

const declared: Metric = { ...METRIC, send: 'readings' };
async function open(table: Table, metric: Metric = declared): Promise<{ agent: Committer; spool: Spool }> {
  const spool = await Spool.open(table, { bytesMax: 1e8, prefix: stringKey('spool') });
  return {
    agent: await Committer.open({ id: 'a', table, spool, metrics: new Map([['m', metric]]), nowMs: Date.now }),
    spool,
  };
}

/** Two readings of each of two devices, in a birth and a frame. */
async function offer(agent: Committer): Promise<void> {
  const entries = ['d', 'e'].map((device) =>
    Number(agent.dictionary.intern({ metric: 'm', device, tags: { device } })),
  );
  const entry = Int32Array.from([...entries, ...entries]);
  const columns = { count: 4, entry, timeMs: Float64Array.of(1, 1, 2, 2), value: Float64Array.of(1, 2, 3, 4) };
  const tallies = { rows: 4, readings: 4, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
  await agent.offer('s', { ...columns, refusals: [], tallies, checkpoint: {}, watermarkMs: null }, 'everything');
}

describe('a heartbeat', () => {
  it('tells of what is on the disk alone: a number that may still be lost would be missed for ever', async () => {
    const { agent } = await open(new MemoryTable());
    const writing = offer(agent);
    expect(agent.heartbeat().highestSequence).toBe(0);
    await writing;
    expect(agent.heartbeat().highestSequence).toBe(2);
  });
});

describe('the journal of an agent', () => {
  it('keeps the very frames that hold what was accepted, and knows it from them at the next start', async () => {
    const table = new MemoryTable();
    const { agent, spool } = await open(table);
    await offer(agent);
    const birth = await spool.next(0);
    const readings = await spool.next(birth!.place);
    const chunks: Uint8Array[] = [];
    for await (const [, bytes] of table.scan(prefixRange(stringKey('journal')))) chunks.push(bytes);
    expect(chunks.map((bytes) => [...bytes])).toEqual([[...readings!.bytes]]);
    const { agent: next } = await open(table);
    await offer(next);
    expect(next.totals).toMatchObject({ counted: 4, repeats: 4 });
  });
});

describe('a frame that the server refuses', () => {
  const framesOf = async (spool: Spool, from = 0) => {
    const frames: { number: string; bytes: Uint8Array; place: number; values: readonly number[] }[] = [];
    for (let item = await spool.next(from); item !== undefined; item = await spool.next(item.place)) {
      const frame = decodeFrame(item.bytes);
      const values = frame.kind === 'readings' ? [...frame.runs.value] : [];
      frames.push({ number: `${item.incarnation}/${item.sequence}`, bytes: item.bytes, place: item.place, values });
    }
    return frames;
  };

  it('counts as quarantined until the next start, which sends it again under a new number', async () => {
    const table = new MemoryTable();
    const { agent, spool } = await open(table);
    await offer(agent);
    const [birth, readings] = await framesOf(spool);
    expect(await agent.refuse(readings!.bytes, [])).toBe(true);
    // Sent twice, it is refused twice, and counts once.
    await agent.refuse(readings!.bytes, []);
    expect(agent.totals).toMatchObject({ readings: 4, counted: 0, quarantined: 4, refused: 4 });
    spool.release(birth!.place);
    await spool.flush();

    // Its acknowledgement was lost: the old number is still to be sent, and its content goes under a new one too.
    const second = await open(table);
    expect(second.agent.totals).toMatchObject({ readings: 4, counted: 4, quarantined: 0, refused: 0 });
    const frames = await framesOf(second.spool);
    expect(frames.map(({ number }) => number)).toEqual(['1/2', '2/1', '2/2']);
    expect(frames[2]!.values).toEqual([1, 3, 2, 4]);
    await second.agent.refuse(readings!.bytes, []);
    expect(second.agent.totals).toMatchObject({ counted: 4, refused: 0 });
    for (const { place } of frames) second.spool.release(place);
    await second.spool.flush();
    const third = await open(table);
    expect(await framesOf(third.spool)).toEqual([]);
    expect(third.agent.totals).toMatchObject({ counted: 4, refused: 0 });
  });

  it('for one series leaves the others: they go in another frame, and what follows of the series goes apart', async () => {
    const table = new MemoryTable();
    const { agent, spool } = await open(table);
    await offer(agent);
    const [birth, readings] = await framesOf(spool);
    expect(await agent.refuse(birth!.bytes, [0])).toBe(true);
    await agent.refuse(readings!.bytes, [0]);
    expect(agent.totals).toMatchObject({ readings: 4, counted: 2, quarantined: 2, refused: 2 });
    expect((await framesOf(spool)).map(({ values }) => values)).toEqual([[], [1, 3, 2, 4], [2, 4]]);
    const entry = Int32Array.of(0, 1);
    const columns = { count: 2, entry, timeMs: Float64Array.of(9, 9), value: Float64Array.of(5, 6) };
    const tallies = { rows: 2, readings: 2, missing: 0, quarantined: 0, ambiguousTimes: 0, truncatedTimes: 0 };
    await agent.offer('s', { ...columns, refusals: [], tallies, checkpoint: {}, watermarkMs: null }, 'everything');
    expect((await framesOf(spool)).map(({ values }) => values).slice(3)).toEqual([[5], [6]]);
  });

  it('is sent again after what is declared since was said, where that is something else', async () => {
    const table = new MemoryTable();
    const { agent, spool } = await open(table);
    await offer(agent);
    const frames = await framesOf(spool);
    await agent.refuse(frames[1]!.bytes, []);
    const second = await open(table, { ...declared, intervalMs: 5_000 });
    const [birth, again] = await framesOf(second.spool, frames.at(-1)!.place);
    const said = decodeFrame(birth!.bytes);
    assert(said.kind === 'birth');
    expect(said.birth.entries.map(({ device, intervalMs }) => [device, intervalMs])).toEqual([
      ['d', 1_000],
      ['e', 1_000],
      ['d', 5_000],
      ['e', 5_000],
    ]);
    expect(again!.values).toEqual(frames[1]!.values);
  });
});
