import { strict as assert } from 'node:assert';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { FrameTooLarge } from '#core/frames/fault.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import { ReadingsReader } from '#core/frames/readings-reader.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import type { TakenReadings } from '../accept/amend.ts';

/** Readings packed for the journal. */
export interface EncodedChunk {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** The readings of one entry that a chunk holds, in order of time. */
export interface ChunkRun {
  readonly entry: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/**
 * What was taken, for the journal. `frames` hold nothing else of readings: where they hold all of it they are the chunks
 * themselves, so that no reading is packed twice.
 */
export function chunksOf(
  taken: TakenReadings,
  frames: readonly { readonly bytes: Uint8Array; readonly readings: number }[],
  dictionaryVersion: number,
): readonly EncodedChunk[] {
  const chunks = frames
    .filter(({ readings }) => readings > 0)
    .map(({ bytes, readings }) => ({ bytes, count: readings }));
  const count = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  return count === taken.count ? chunks : encodeChunks(taken, dictionaryVersion);
}

/**
 * Packs accepted readings for the journal in the format of a readings frame, which is compact and checked. The frame's
 * number means nothing here. Readings beyond what one frame holds go to further chunks.
 */
export function encodeChunks(taken: TakenReadings, dictionaryVersion: number): EncodedChunk[] {
  if (taken.count === 0) return [];
  try {
    return [{ bytes: encodeChunk(taken, dictionaryVersion), count: taken.count }];
  } catch (error) {
    if (!(error instanceof FrameTooLarge)) throw error;
    const middle = Math.floor(taken.count / 2);
    return [
      ...encodeChunks(slice(taken, 0, middle), dictionaryVersion),
      ...encodeChunks(slice(taken, middle, taken.count), dictionaryVersion),
    ];
  }
}

/** The runs of a chunk. */
export function decodeChunk(bytes: Uint8Array): readonly ChunkRun[] {
  const frame = decodeFrame(bytes);
  assert(frame.kind === 'readings', 'the journal holds readings frames of its own making');
  const { entry, length, runCount, timeMs, value } = frame.runs;
  let to = 0;
  return Array.from({ length: runCount }, (_, run) => {
    const from = to;
    to += length[run]!;
    return { entry: entry[run]!, times: timeMs.subarray(from, to), values: value.subarray(from, to) };
  });
}

/** One does for all: what is taken of a chunk is copied. */
const endsReader = new ReadingsReader(undefined);

/** Which entries a chunk holds readings of, and the time of the last one of each run. */
export function chunkEnds(bytes: Uint8Array): readonly { readonly entry: number; readonly lastMs: number }[] {
  const fault = endsReader.open(bytes);
  assert(fault === null, 'the journal holds readings frames of its own making');
  const { runCount, entry, lastMs } = endsReader;
  return Array.from({ length: runCount }, (_, run) => ({ entry: entry[run]!, lastMs: lastMs[run]! }));
}

function encodeChunk(taken: TakenReadings, dictionaryVersion: number): Uint8Array {
  const entry: number[] = [];
  const length: number[] = [];
  for (let i = 0; i < taken.count; i++) {
    const continues = i > 0 && taken.entry[i] === taken.entry[i - 1] && taken.timeMs[i]! > taken.timeMs[i - 1]!;
    if (continues) length[length.length - 1]!++;
    else {
      entry.push(taken.entry[i]!);
      length.push(1);
    }
  }
  const none = new Float64Array(entry.length);
  const flags = new Uint8Array(entry.length);
  return encodeReadings(
    { incarnation: 0, sequence: 1, dictionaryVersion, watermarkMs: null },
    {
      runCount: entry.length,
      entry: Int32Array.from(entry),
      length: Int32Array.from(length),
      anchored: flags,
      anchorTimeMs: none,
      anchorValue: none,
      unchecked: flags,
      timeMs: taken.timeMs,
      value: taken.value,
      links: NO_LINKS,
    },
  );
}

function slice(taken: TakenReadings, from: number, to: number): TakenReadings {
  return {
    count: to - from,
    entry: taken.entry.slice(from, to),
    timeMs: taken.timeMs.slice(from, to),
    value: taken.value.slice(from, to),
  };
}
