import { type AmendFrame, decodeAmend } from './amend-frame.ts';
import { type BirthFrame, decodeBirth } from './birth.ts';
import { decodePanes } from './decode-panes.ts';
import type { FrameFault } from './fault.ts';
import type { FrameHeader } from './header.ts';
import type { PanesFrame } from './panes.ts';
import { ReadingsReader } from './readings-reader.ts';

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
  readonly #readings = { kind: 'readings', reader: new ReadingsReader() } as const;

  /** Opens the frame whose header was read, or says what is wrong with it: any bytes have an answer. */
  open(bytes: Uint8Array, header: FrameHeader): OpenedFrame | FrameFault {
    switch (header.kind) {
      case 'readings':
        return this.#readings.reader.open(bytes, header) ?? this.#readings;
      case 'panes':
        return decodePanes(bytes, header);
      case 'amend':
        return decodeAmend(bytes, header);
      case 'birth':
        return decodeBirth(bytes, header);
    }
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
