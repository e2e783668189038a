import fc from 'fast-check';
import { encodeAmend } from '../frames/amend-frame.ts';
import { encodeBirth } from '../frames/birth.ts';
import { encodeReadings } from '../frames/encode-readings.ts';
import { type FrameExtent, type FrameMeta, readHeader, sealFrame } from '../frames/header.ts';
import { HEADER_BYTES } from '../frames/limits.ts';
import { NO_LINKS } from '../frames/readings.ts';
import { encodeRecord } from '../records/record-codec.ts';
import type { AgentOrder, Heartbeat, Verdict } from '../records/record.ts';
import type { SeriesEntry } from '../series/series.ts';
import type { View } from '../views/view.ts';

/** One slice per frame, so that slices tell which frames folded. */
export const TOLD_SLICE_MS = 1000;
export const TOLD_VIEW: View = { name: 'told', metric: 'power', by: [], where: {}, sliceMs: TOLD_SLICE_MS };

const ACCEPTED: Verdict = { kind: 'accepted' };
const REFUSED: Verdict = { kind: 'refused', code: 'skew', detail: 'too far ahead' };

/** A frame in the few words that admission listens to. Two that are equal have the same bytes. */
export interface ToldFrame {
  readonly agent: string;
  readonly incarnation: number;
  readonly sequence: number;
  readonly watermarkMs: number | null;
  /** Tells frames of one number apart. */
  readonly variant: number;
  /** Has the right checksums, but a body that can't be read. */
  readonly isFaulty: boolean;
  readonly holds: ToldReading | ToldBirth;
}

/** One reading, or the amend of one, of the last entry of the dictionary that the frame needs. */
export interface ToldReading {
  readonly kind: 'readings' | 'amend';
  readonly dictionaryVersion: number;
}

export interface ToldBirth {
  readonly kind: 'birth';
  readonly firstIndex: number;
  readonly entries: number;
  readonly previous: { readonly incarnation: number; readonly lastSequence: number; readonly closed: boolean } | null;
}

/** What stands in the log, one record after the other. */
export type ToldRecord =
  | { readonly kind: 'frame'; readonly frame: ToldFrame; readonly isRefused: boolean }
  /** A frame of which not even the header can be read. */
  | { readonly kind: 'noise'; readonly agent: string; readonly isRefused: boolean }
  | { readonly kind: 'heartbeat'; readonly agent: string; readonly heartbeat: Heartbeat }
  | { readonly kind: 'order'; readonly agent: string; readonly order: AgentOrder }
  | { readonly kind: 'refusals'; readonly agent: string }
  | { readonly kind: 'cut'; readonly id: string }
  | { readonly kind: 'unreadable' };

/** The slice that the reading of a frame lies in: each frame has its own. */
export class ToldSlices {
  readonly #slices = new Map<string, number>();

  of(frame: ToldFrame): number {
    const key = JSON.stringify(frame);
    let slice = this.#slices.get(key);
    if (slice === undefined) this.#slices.set(key, (slice = this.#slices.size));
    return slice;
  }
}

/** The device of an entry that a birth brings. */
export function toldDevice({ agent, variant }: ToldFrame, index: number): string {
  return `${agent}-${index}-${variant}`;
}

export function toldBytes(record: ToldRecord, slices: ToldSlices): Uint8Array {
  switch (record.kind) {
    case 'frame':
      return frameRecord(record.frame.agent, frameBytes(record.frame, slices.of(record.frame)), record.isRefused);
    case 'noise':
      return frameRecord(record.agent, Uint8Array.of(87, 69, 73, 82, 1, 1), record.isRefused);
    case 'heartbeat':
    case 'order':
      return encodeRecord({ ...record, atMs: 0 });
    case 'refusals':
      return encodeRecord({
        ...record,
        atMs: 0,
        report: { incarnation: 1, sequence: 1, source: 'csv', items: [] },
      });
    case 'cut':
      return encodeRecord({ ...record, atMs: 0 });
    case 'unreadable':
      return Uint8Array.of(1, 9, 9, 9);
  }
}

function frameRecord(agent: string, frame: Uint8Array, isRefused: boolean): Uint8Array {
  return encodeRecord({ kind: 'frame', agent, atMs: 0, verdict: isRefused ? REFUSED : ACCEPTED, frame });
}

function frameBytes(told: ToldFrame, slice: number): Uint8Array {
  const { incarnation, sequence, watermarkMs, holds } = told;
  const dictionaryVersion = holds.kind === 'birth' ? holds.firstIndex + holds.entries : holds.dictionaryVersion;
  const meta: FrameMeta = { incarnation, sequence, watermarkMs, dictionaryVersion };
  const frame = soundFrame(told, meta, slice * TOLD_SLICE_MS);
  return told.isFaulty ? withFaultyBody(frame, meta) : frame;
}

function soundFrame(told: ToldFrame, meta: FrameMeta, timeMs: number): Uint8Array {
  const { holds } = told;
  const one = (value: number): Float64Array => Float64Array.of(value);
  const entry = Int32Array.of(meta.dictionaryVersion - 1);
  switch (holds.kind) {
    case 'birth': {
      const { firstIndex, previous } = holds;
      const entries = Array.from({ length: holds.entries }, (_, i) => seriesOf(toldDevice(told, firstIndex + i)));
      return encodeBirth(meta, { firstIndex, entries, previous });
    }
    case 'readings':
      return encodeReadings(meta, {
        runCount: 1,
        entry,
        length: Int32Array.of(1),
        anchored: Uint8Array.of(0),
        anchorTimeMs: one(0),
        anchorValue: one(0),
        unchecked: Uint8Array.of(0),
        timeMs: one(timeMs),
        value: one(told.variant),
        links: NO_LINKS,
      });
    case 'amend':
      return encodeAmend(meta, {
        count: 1,
        entry,
        timeMs: one(timeMs),
        oldValue: one(-1),
        newValue: one(told.variant),
        paneStartMs: one(timeMs),
        paneMs: one(TOLD_SLICE_MS),
        revision: one(1),
        minAfter: one(told.variant),
        maxAfter: one(told.variant),
        firstMsAfter: one(timeMs),
        firstValueAfter: one(told.variant),
        lastMsAfter: one(timeMs),
        lastValueAfter: one(told.variant),
        links: NO_LINKS,
      });
  }
}

/** The frame with the first byte of its body changed, and sealed again. */
function withFaultyBody(frame: Uint8Array, meta: FrameMeta): Uint8Array {
  const header = readHeader(frame);
  frame[HEADER_BYTES]! ^= 0x55;
  return sealFrame(frame, meta, header as FrameExtent);
}

function seriesOf(device: string): SeriesEntry {
  return {
    metric: 'power',
    unit: 'kW',
    decimals: 0,
    kind: 'gauge',
    intervalMs: 1,
    rollover: null,
    quantiles: false,
    paneMs: TOLD_SLICE_MS,
    device,
    tags: { device },
  };
}

const agent = fc.constantFrom('a', 'b');
const incarnation = fc.integer({ min: 1, max: 2 });
const sequence = fc.integer({ min: 1, max: 5 });
const seldom = fc.integer({ min: 0, max: 7 }).map((n) => n === 7);
const watermarkMs = fc.option(fc.constantFrom(-1000, 0, 1000, 2000), { nil: null });

const readings: fc.Arbitrary<ToldReading> = fc.record({
  kind: fc.constantFrom('readings' as const, 'readings' as const, 'amend' as const),
  dictionaryVersion: fc.integer({ min: 1, max: 4 }),
});

const births: fc.Arbitrary<ToldBirth> = fc.record({
  kind: fc.constant('birth' as const),
  firstIndex: fc.constantFrom(0, 0, 1, 2, 3),
  entries: fc.integer({ min: 1, max: 2 }),
  previous: fc.option(
    fc.record({ incarnation: fc.constantFrom(0, 3), lastSequence: fc.nat(6), closed: fc.boolean() }),
    { nil: null },
  ),
});

const frames: fc.Arbitrary<ToldFrame> = fc.record({
  agent,
  incarnation,
  sequence,
  watermarkMs,
  variant: fc.nat(1),
  isFaulty: seldom,
  holds: fc.oneof({ weight: 3, arbitrary: readings }, { weight: 2, arbitrary: births }),
});

const others: fc.Arbitrary<ToldRecord> = fc.oneof(
  fc.record({ kind: fc.constant('noise' as const), agent, isRefused: fc.boolean() }),
  fc.record({
    kind: fc.constant('heartbeat' as const),
    agent,
    heartbeat: fc.record({ incarnation, highestSequence: fc.nat(6), watermarkMs, closed: fc.boolean() }),
  }),
  fc.record({ kind: fc.constant('refusals' as const), agent }),
  fc.record({
    kind: fc.constant('order' as const),
    agent,
    order: fc.oneof(
      fc.record({ kind: fc.constant('readmit' as const), life: fc.nat(2) }),
      fc.constant({ kind: 'hand-over' as const, to: 'c' }),
      fc.record({ kind: fc.constant('inherit' as const), reachedMs: fc.nat(5000) }),
      fc.constant({ kind: 'retire' as const }),
      fc.record({
        kind: fc.constant('give-up' as const),
        life: fc.nat(1),
        incarnation,
        from: fc.integer({ min: 1, max: 3 }),
        to: fc.integer({ min: 3, max: 5 }),
      }),
    ),
  }),
  fc.record({ kind: fc.constant('cut' as const), id: fc.constantFrom('x', 'y', 'z') }),
  fc.constant({ kind: 'unreadable' as const }),
);

/** A frame that is told of anew, or one of those before once more. */
type Choice = { readonly frame: ToldFrame; readonly isRefused: boolean; readonly again: number | null };

const choices: fc.Arbitrary<Choice> = fc.record({
  frame: frames,
  isRefused: seldom,
  again: fc.option(fc.nat(30), { nil: null, freq: 3 }),
});

/** Logs of few agents and numbers, so that they collide: repeats, forks, gaps, births too late or twice. */
export const toldLogs: fc.Arbitrary<readonly ToldRecord[]> = fc
  .array(fc.oneof({ weight: 5, arbitrary: choices }, { weight: 2, arbitrary: others }), { maxLength: 40 })
  .map((told) => {
    const sent: ToldFrame[] = [];
    return told.map((one): ToldRecord => {
      if ('kind' in one) return one;
      const frame = one.again === null ? one.frame : (sent[one.again] ?? one.frame);
      sent.push(frame);
      return { kind: 'frame', frame, isRefused: one.isRefused };
    });
  });
