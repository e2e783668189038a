import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { encodeAmend } from '#core/frames/amend-frame.ts';
import { anyAmends, anyPanes, anyRuns, DICTIONARY } from '#core/frames/arbitrary-frames.fixtures.ts';
import { encodeBirth } from '#core/frames/birth.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import type { FrameMeta } from '#core/frames/header.ts';
import { HEADER_BYTES } from '#core/frames/limits.ts';
import { encodePanes, packPanes } from '#core/frames/panes-codec.ts';
import type { PaneColumns } from '#core/frames/panes.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import { connectPacket, publishPacket } from '../plan/mqtt-packets.ts';
import type { Draws } from '../platform/draws.ts';

/** Where the checksum stands in a frame, and what it covers beside the body. */
const CHECKSUM_AT = 60;

/** Where a frame says how many readings it has. */
const COUNT_AT = 48;

/** The series that an intruder claims, of the one metric that no one else measures. */
export type Claim = Pick<
  SeriesEntry,
  'metric' | 'unit' | 'decimals' | 'kind' | 'intervalMs' | 'paneMs' | 'rollover' | 'quantiles'
>;

/** Bytes that an intruder sends, and how many frames of them hold what they say. */
export interface Intrusion {
  readonly bytes: Uint8Array;
  readonly sound: number;
  /** Whether one of them tells a sum that no readings have. */
  readonly hasMonster: boolean;
}

export const INTRUDER = 'intruder';

/**
 * What an agent with an identity of its own could send that isn't ours: a good birth, and frames with any content that
 * the format can hold, or with bytes changed under a right checksum.
 */
export function intrusion(claim: Claim, incarnation: number, draws: Draws): Intrusion {
  let sequence = 1;
  const meta = (): FrameMeta => ({
    incarnation,
    sequence: sequence++,
    dictionaryVersion: DICTIONARY,
    watermarkMs: null,
  });
  const entries = Array.from({ length: DICTIONARY }, (_, i): SeriesEntry => {
    const device = `intruder-${i}`;
    return { ...claim, device, tags: { device, region: 'nowhere' } };
  });
  const frames = [encodeBirth(meta(), { firstIndex: 0, entries, previous: null })];
  for (let count = draws.between(1, 4); count > 0; count--) {
    const frame = anyFrame(meta(), draws.word());
    if (draws.chance(0.5)) spoil(frame, draws);
    frames.push(frame);
  }
  const hasMonster = draws.chance(0.5);
  if (hasMonster) frames.push(monster(meta(), claim));
  const packets = frames.map((frame) => publishPacket(`weir/v1/${INTRUDER}/frame`, frame));
  const sound = frames.filter((frame) => decodeFrame(frame).kind !== 'fault').length;
  return { bytes: Buffer.concat([connectPacket(INTRUDER), ...packets]), sound, hasMonster };
}

/** A pane as its series' birth says, but for an integral that is wider than any, under a right checksum. */
function monster(meta: FrameMeta, { paneMs, quantiles }: Claim): Uint8Array {
  const one = (value: number): Float64Array => Float64Array.of(value);
  const startMs = Math.ceil(MONSTER_MS / paneMs) * paneMs;
  const panes: PaneColumns = {
    count: 1,
    entry: Int32Array.of(0),
    startMs: one(startMs),
    spanMs: one(paneMs),
    readings: one(1),
    sum: [5n],
    squares: [25n],
    min: one(5),
    max: one(5),
    firstMs: one(startMs),
    firstValue: one(5),
    lastMs: one(startMs),
    lastValue: one(5),
    increase: [0n],
    integral: [MONSTROUS],
    coveredMs: one(1_000),
    unchecked: one(0),
    anchored: Uint8Array.of(0),
    anchorTimeMs: one(0),
    anchorValue: one(0),
    histogram: [quantiles ? { buckets: Int32Array.of(5), counts: one(1) } : null],
    accountedMs: null,
    links: NO_LINKS,
  };
  return packPanes(meta, panes);
}

/** When it was measured: before any world begins. */
const MONSTER_MS = Date.UTC(2000, 6, 1);

/** Wider than the widest sums that statistics have (core/numbers/wide.ts). */
const MONSTROUS = 2n ** 140n;

function anyFrame(meta: FrameMeta, seed: number): Uint8Array {
  const any = fc.oneof(
    anyRuns.map((runs) => encodeReadings(meta, runs)),
    anyPanes.map((panes) => encodePanes(meta, panes)),
    anyAmends.map((amends) => encodeAmend(meta, amends)),
  );
  return fc.sample(any, { seed, numRuns: 1 })[0]!;
}

/** Changes how many readings there are, or a few bytes of header or body, and makes the checksum right again. */
function spoil(frame: Uint8Array, draws: Draws): void {
  if (draws.chance(0.4)) frame[COUNT_AT] = (frame[COUNT_AT]! + 1) & 0xff;
  else spoilBytes(frame, draws);
  const checksum = crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, CHECKSUM_AT)));
  new DataView(frame.buffer, frame.byteOffset).setUint32(CHECKSUM_AT, checksum, true);
}

function spoilBytes(frame: Uint8Array, draws: Draws): void {
  for (let count = draws.between(1, 3); count > 0; count--) {
    const at = draws.chance(0.3) ? draws.below(CHECKSUM_AT) : draws.below(frame.length);
    frame[at] = draws.below(256);
  }
}
