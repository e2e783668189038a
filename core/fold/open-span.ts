import { SPAN_SLICES } from '../slices/slice-span.ts';
import { Few } from './few.ts';
import { type Member, memberKey } from './member.ts';

/** A group of a view within one partition. A fleet has as many as it has devices. */
export class Group {
  readonly key: string;
  /** By number. */
  readonly spans = new Few<number, OpenSpan>(numberOf);
  /** Its series, by their names. */
  readonly members = new Few<string, Member>(memberKey);
  /** Slots that the span opened last came to need: what the next one begins with. */
  slotsExpected = 1;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * A span of slices of a group of which some are held in memory. Its slots stand side by side, in a window that begins
 * with one slot and doubles as slices are opened, so that a group with few readings takes few.
 */
export interface OpenSpan {
  readonly group: Group;
  readonly number: number;
  /** The slice that opened it, and the name of the part that this one got: no two spans of a group share both. */
  readonly opener: number;
  readonly part: number;
  /** First slice of the window, and its slots: a power of two. */
  windowFirst: number;
  windowSlots: number;
  /** The slot of slice s of the window is `origin` + s. */
  origin: number;
  /** A bit for each slice of the span: held, and changed since it was written. */
  open: number;
  dirty: number;
  /** It was let go of: whoever remembers it has to ask again. */
  isReleased: boolean;
}

function numberOf({ number }: OpenSpan): number {
  return number;
}

/** The slices of a span that have their bit in `bits`, ascending. */
export function slicesIn({ number }: Pick<OpenSpan, 'number'>, bits: number): number[] {
  const slices: number[] = [];
  for (let i = 0; i < SPAN_SLICES; i++) if ((bits & (1 << i)) !== 0) slices.push(number * SPAN_SLICES + i);
  return slices;
}

/** The first slice of a span that has its bit in `bits`. */
export function firstIn({ number }: OpenSpan, bits: number): number {
  return number * SPAN_SLICES + 31 - Math.clz32(bits & -bits);
}

/** The last one. */
export function lastIn({ number }: OpenSpan, bits: number): number {
  return number * SPAN_SLICES + 31 - Math.clz32(bits);
}
