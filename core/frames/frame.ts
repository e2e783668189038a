import { type Kernels, KERNELS } from '../kernels/kernels.ts';
import { type AmendFrame, decodeAmend } from './amend-frame.ts';
import { type BirthFrame, decodeBirth } from './birth.ts';
import type { FrameFault } from './fault.ts';
import { type FrameHeader, readHeader } from './header.ts';
import { decodePanes } from './panes-codec.ts';
import type { PanesFrame } from './panes.ts';
import { ReadingsReader } from './readings-reader.ts';
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
  if (header.kind === 'fault') return header;
  return header.kind === 'readings' ? decodeReadings(bytes, header) : DECODERS[header.kind](bytes, header);
}

/** Of the kinds that are few in a log: they are given in arrays of their own always. */
const DECODERS = { panes: decodePanes, amend: decodeAmend, birth: decodeBirth } as const;

/** What it gives is copied out of it, so one does for all: it holds room for the largest frame so far. */
let keptReader: ReadingsReader | undefined;

function decodeReadings(bytes: Uint8Array, header: FrameHeader): ReadingsFrame | FrameFault {
  const reader = (keptReader ??= new ReadingsReader(undefined));
  const fault = reader.open(bytes, header);
  if (fault !== null) return fault;
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

/** A frame of which everything is known to be as it should: whoever has it folds it without a further fault. */
export type OpenedFrame =
  | { readonly kind: 'readings'; readonly reader: ReadingsReader }
  | PanesFrame
  | AmendFrame
  | BirthFrame;

/**
 * Opens whole frames, one after the other: all columns, counts and ranges are checked. Broker and fold open frames by this
 * alone, so what the one accepts the other can fold. What was opened is valid until the next call.
 */
export class FrameOpener {
  readonly #readings: { readonly kind: 'readings'; readonly reader: ReadingsReader };

  /** Without kernels it does the same in JavaScript. */
  constructor(kernels: Kernels | undefined = KERNELS) {
    this.#readings = { kind: 'readings', reader: new ReadingsReader(kernels) };
  }

  /** Opens the frame whose header was read, or says what is wrong with it: any bytes have an answer. */
  open(bytes: Uint8Array, header: FrameHeader): OpenedFrame | FrameFault {
    if (header.kind !== 'readings') return DECODERS[header.kind](bytes, header);
    return this.#readings.reader.open(bytes, header) ?? this.#readings;
  }
}

/** Dictionary indexes that an opened frame speaks of, in lists that may name one several times. */
export function entriesIn(frame: OpenedFrame): readonly Int32Array[] {
  switch (frame.kind) {
    case 'readings': {
      const { entry, runCount, links } = frame.reader;
      return [entry.subarray(0, runCount), links.entry.subarray(0, links.count)];
    }
    case 'panes':
      return [frame.panes.entry, frame.panes.links.entry];
    case 'amend':
      return [frame.amends.entry, frame.amends.links.entry];
    case 'birth':
      return [];
  }
}
