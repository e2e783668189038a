import { decodeAmend, type AmendFrame } from './amend-frame.ts';
import { type BirthFrame, decodeBirth } from './birth.ts';
import { decodePanes } from './decode-panes.ts';
import type { FrameFault } from './fault.ts';
import { type FrameHeader, readHeader } from './header.ts';
import type { PanesFrame } from './panes.ts';
import { openReadings } from './readings-reader.ts';
import type { ReadingsFrame, ReadingsRuns } from './readings.ts';

export type Frame = ReadingsFrame | PanesFrame | BirthFrame | AmendFrame;

/**
 * The whole content of a frame in arrays of its own, or what is wrong with it: any bytes have an answer. Who folds
 * readings rather opens a ReadingsReader, which allocates nothing per frame. A header that was read from the same bytes
 * saves reading it again.
 */
export function decodeFrame(
  bytes: Uint8Array,
  header: FrameHeader | FrameFault = readHeader(bytes),
): Frame | FrameFault {
  switch (header.kind) {
    case 'fault':
      return header;
    case 'readings':
      return decodeReadings(bytes, header);
    case 'panes':
      return decodePanes(bytes, header);
    case 'birth':
      return decodeBirth(bytes, header);
    case 'amend':
      return decodeAmend(bytes, header);
  }
}

function decodeReadings(bytes: Uint8Array, header: FrameHeader): ReadingsFrame | FrameFault {
  const reader = openReadings(bytes, header);
  if ('kind' in reader) return reader;
  const { runCount } = reader;
  const timeMs = new Float64Array(header.count);
  const value = new Float64Array(header.count);
  let at = 0;
  while (reader.next()) {
    const { offset, size, regular, startMs, stepMs, times, values } = reader;
    for (let i = 0; i < size; i++, at++) {
      timeMs[at] = regular ? startMs + i * stepMs : times[offset + i]!;
      value[at] = values[offset + i]!;
    }
  }
  const runs: ReadingsRuns = {
    runCount,
    entry: reader.entry.slice(0, runCount),
    length: reader.length.slice(0, runCount),
    anchored: reader.anchored.slice(0, runCount),
    anchorTimeMs: reader.anchorTimeMs.slice(0, runCount),
    anchorValue: reader.anchorValue.slice(0, runCount),
    unchecked: reader.unchecked.slice(0, runCount),
    timeMs,
    value,
    links: reader.links.snapshot(),
  };
  return { kind: 'readings', header, runs };
}
