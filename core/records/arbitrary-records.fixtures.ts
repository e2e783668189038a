import fc from 'fast-check';
import { TIME_MS_MAX } from '../frames/limits.ts';
import { isSeriesName } from '../series/series.ts';
import type { AgentOrder, Heartbeat, LogRecord, RefusalReport, Verdict } from './record.ts';

/** Generators of records, aimed at the ends of every range. */

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const nat = (max: number): fc.Arbitrary<number> => fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max));
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength }).map((s) => s.slice(0, maxLength).toWellFormed());
// −0 can't be told from 0 in JSON, and no clock shows it.
const time = fc.integer({ min: -TIME_MS_MAX, max: TIME_MS_MAX }).map((ms) => ms + 0);

export const agents = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constant({ kind: 'accepted' as const }),
  plain({ kind: fc.constant('refused' as const), code: text(64).filter((s) => s.length > 0), detail: text(1024) }),
);

export const heartbeats: fc.Arbitrary<Heartbeat> = plain({
  incarnation: nat(0xffff_ffff),
  highestSequence: nat(Number.MAX_SAFE_INTEGER),
  watermarkMs: fc.option(time, { nil: null }),
  closed: fc.boolean(),
});

export const reports: fc.Arbitrary<RefusalReport> = plain({
  incarnation: nat(0xffff_ffff),
  sequence: nat(Number.MAX_SAFE_INTEGER),
  source: text(40),
  items: fc.array(
    plain({
      line: nat(Number.MAX_SAFE_INTEGER),
      readings: nat(1000),
      reason: text(60),
      text: text(200),
    }),
    { maxLength: 5 },
  ),
});

const seriesName = text(20).filter((name) => isSeriesName(name));

const orders: fc.Arbitrary<AgentOrder> = fc.oneof(
  plain({ kind: fc.constant('readmit' as const), life: nat(0xffff) }),
  plain({ kind: fc.constant('hand-over' as const), to: agents }),
  plain({ kind: fc.constant('inherit' as const), reachedMs: time }),
  fc.constant({ kind: 'retire' as const }),
  fc.tuple(seriesName, seriesName, time).map(([metric, device, fromMs]) => {
    return { kind: 'end-series' as const, metric, device, tags: { device, of: metric }, fromMs };
  }),
  fc
    .tuple(nat(0xffff), fc.integer({ min: 1, max: 0xffff_ffff }), fc.nat(1e9), fc.nat(1e9))
    .map(([life, incarnation, first, more]) => {
      return { kind: 'give-up' as const, life, incarnation, from: first + 1, to: first + 1 + more };
    }),
);

export const records: fc.Arbitrary<LogRecord> = fc.oneof(
  plain({
    kind: fc.constant('frame' as const),
    agent: agents,
    atMs: time,
    verdict: verdicts,
    frame: fc.uint8Array({ maxLength: 200 }),
  }),
  plain({ kind: fc.constant('heartbeat' as const), agent: agents, atMs: time, heartbeat: heartbeats }),
  plain({ kind: fc.constant('refusals' as const), agent: agents, atMs: time, report: reports }),
  plain({ kind: fc.constant('order' as const), agent: agents, atMs: time, order: orders }),
  plain({ kind: fc.constant('cut' as const), id: fc.uuid(), atMs: time }),
);
