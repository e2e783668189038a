import { WeirError } from '../errors.ts';

/** What is wrong with bytes that should be a frame. A fault is an answer, not an exception. */
export type FrameFaultCode =
  | 'too-short' // less than a header, or less than the header says
  | 'too-long' // above FRAME_BYTES_MAX
  | 'not-a-frame' // other magic
  | 'newer-format' // a format version that this reader doesn't know
  | 'unknown-kind'
  | 'checksum'
  | 'length' // body and header differ in length, or bytes are left over
  | 'count' // a number of things that isn't so, or is above its limit
  | 'range' // a number outside of what its field may hold
  | 'order' // times that don't ascend, numbers that should
  | 'columns' // columns that can't be unpacked
  | 'birth'; // a dictionary that can't be read

export interface FrameFault {
  readonly kind: 'fault';
  readonly code: FrameFaultCode;
  /** Subject and values, for people. */
  readonly message: string;
}

export function frameFault(code: FrameFaultCode, message: string): FrameFault {
  return { kind: 'fault', code, message };
}

/** A writer gave more than one frame holds. Its remedy is to split; `what` and `limit` say by which measure. */
export class FrameTooLarge extends WeirError {
  readonly kind = 'frame-too-large';
  readonly what: string;
  readonly size: number;
  readonly limit: number;

  constructor(what: string, size: number, limit: number) {
    super(`frame would hold ${size} ${what}, more than ${limit}: split it`, { fault: 'asked' });
    this.what = what;
    this.size = size;
    this.limit = limit;
  }
}
