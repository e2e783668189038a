import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../frames/header.ts';
import { encodePanes } from '../frames/panes-codec.ts';
import { columnsOf, quietPanes } from '../frames/sample-frames.fixtures.ts';
import { decodeRecord } from '../records/record-codec.ts';
import { readStats } from '../stats/stats.ts';
import { AgentFold } from './agent-fold.ts';
import { SampleAgent, sampleSeries } from './sample-agent.fixtures.ts';
import { type AgentFrame, SelectionRefold } from './selection-refold.ts';

const SLICE_MS = 10_000;
const VIEW = { view: { name: 'v', metric: 'power', by: [], where: {}, sliceMs: SLICE_MS }, version: 1 };
const GROUP = '[]';
const fold = new AgentFold('a', [sampleSeries(0)]);

function framed(frame: Uint8Array): AgentFrame {
  const header = readHeader(frame);
  assert(header.kind !== 'fault', 'the frame is sound');
  return { agent: fold, life: 0, header, frame };
}

function frameOf(record: Uint8Array | null): AgentFrame {
  const decoded = decodeRecord(record!);
  assert(decoded.kind === 'frame', 'the record holds a frame');
  return framed(decoded.frame);
}

/** Min, max, first and last of slice 0 after both passes, each in its own order. */
function refold(survey: readonly AgentFrame[], frames: readonly AgentFrame[]) {
  const refolded = new SelectionRefold(VIEW, [{ group: GROUP, slice: 0 }]);
  for (const frame of survey) refolded.survey(frame);
  for (const frame of frames) refolded.fold(frame);
  refolded.finish();
  const { min, max, first, last } = readStats(refolded.table, refolded.slotOf({ group: GROUP, slice: 0 })!);
  return [min, max, first, last];
}

describe('a refold of min, max, first and last', () => {
  it('lets an amend replace what lower numbers said of its pane, and higher ones add to it', () => {
    const agent = new SampleAgent('a', 1);
    const frames = [
      agent.readings([[0, 0, 5]]),
      agent.amend(0, 0, 7),
      agent.readings([[0, 5000, 1]]),
      // The incarnation after counts from 1 again.
      agent.birth(),
      agent.readings([[0, 6000, -3]]),
    ].map(frameOf);
    const found = [-3, 7, { ms: 0, value: 7 }, { ms: 6000, value: -3 }];
    expect(refold(frames, frames)).toEqual(found);
    expect(refold(frames.toReversed(), frames.toReversed())).toEqual(found);
  });

  it('goes by the newest of several amends of a pane, in whatever order they come', () => {
    const agent = new SampleAgent('a', 1);
    const frames = [agent.readings([[0, 1, 5]]), agent.amend(0, 1, 7), agent.amend(0, 1, 9)].map(frameOf);
    const found = [9, 9, { ms: 1, value: 9 }, { ms: 1, value: 9 }];
    expect(refold(frames, frames)).toEqual(found);
    expect(refold(frames.toReversed(), frames)).toEqual(found);
  });

  it("keeps an amend of one life from speaking for the frames of the agent's next, whose numbers begin anew", () => {
    const before = new SampleAgent('a', 1);
    before.birth();
    before.birth();
    const former = [before.readings([[0, 0, 5]]), before.amend(0, 0, 7)].map(frameOf);
    const next = new AgentFold('a', [sampleSeries(0)]);
    const after = new SampleAgent('a', 1);
    const frames = [after.readings([[0, 1000, 100]]), after.amend(0, 1000, 90), after.readings([[0, 2000, 80]])];
    const present = frames.map(frameOf).map((one) => ({ ...one, agent: next, life: 1 }));
    expect(former[0]!.header.incarnation).toBeGreaterThan(present[2]!.header.incarnation);
    // The former life's dictionary entry of the same number may even be another series.
    const all = [...former, ...present];
    const found = [7, 90, { ms: 0, value: 7 }, { ms: 2000, value: 80 }];
    expect(refold(all, all)).toEqual(found);
    expect(refold(all.toReversed(), all.toReversed())).toEqual(found);
  });

  it('takes no part of what lies outside its slices', () => {
    const agent = new SampleAgent('a', 1);
    const readings = agent.readings([
      [0, -1, -100],
      [0, 0, 5],
      [0, SLICE_MS - 1, 6],
      [0, SLICE_MS, 100],
    ]);
    const frames = [readings, agent.amend(0, SLICE_MS, 200)].map(frameOf);
    expect(refold(frames, frames)).toEqual([5, 6, { ms: 0, value: 5 }, { ms: SLICE_MS - 1, value: 6 }]);
  });

  it('tells which of its slices a frame amends', () => {
    const agent = new SampleAgent('a', 1);
    const readings = frameOf(
      agent.readings([
        [0, 0, 5],
        [0, SLICE_MS, 5],
        [0, 2 * SLICE_MS, 5],
      ]),
    );
    const amends = [0, SLICE_MS, 2 * SLICE_MS].map((timeMs) => frameOf(agent.amend(0, timeMs, 9)));
    const slices = [0, 2].map((slice) => ({ group: GROUP, slice }));
    const refolded = new SelectionRefold(VIEW, slices);
    expect([readings, ...amends].map((frame) => refolded.survey(frame))).toEqual([[], [slices[0]], [], [slices[1]]]);
    expect(refolded.slotOf({ group: GROUP, slice: 1 })).toBe(undefined);
  });

  it('learns nothing from a pane without readings', () => {
    const one = (figure: number): Float64Array => Float64Array.of(0, figure);
    const panes = encodePanes(
      { incarnation: 1, sequence: 1, dictionaryVersion: 1, watermarkMs: null },
      {
        ...quietPanes(2),
        startMs: Float64Array.of(0, 5000),
        spanMs: Float64Array.of(5000, 5000),
        readings: one(1),
        sum: [0n, 8n],
        squares: [0n, 64n],
        ...columnsOf(['min', 'max', 'firstValue', 'lastValue'], one(8)),
        ...columnsOf(['firstMs', 'lastMs'], one(6000)),
        accountedMs: null,
      },
    );
    const frames = [framed(panes)];
    expect(refold(frames, frames)).toEqual([8, 8, { ms: 6000, value: 8 }, { ms: 6000, value: 8 }]);
  });
});
