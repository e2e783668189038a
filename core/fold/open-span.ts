import { SPAN_SLICES } from '../slices/slice-span.ts';
import { type Few, itemOf, itemsOf, withItem, withoutKey } from './few.ts';
import { type Member, memberKey } from './member.ts';

/** A group of a view within one partition. A fleet has as many as it has devices. */
export class Group {
  readonly key: string;
  /** Slots that the span opened last came to need: what the next one begins with. */
  slotsExpected = 1;
  #spans: Few<number, OpenSpan>;
  #members: Few<string, Member>;

  constructor(key: string) {
    this.key = key;
  }

  /** The span of a number, where it is open. */
  span(number: number): OpenSpan | undefined {
    return itemOf(this.#spans, number, numberOf);
  }

  /** Its open spans, in the order in which they were opened. */
  spans(): Iterable<OpenSpan> {
    return itemsOf(this.#spans);
  }

  putSpan(span: OpenSpan): void {
    this.#spans = withItem(this.#spans, span, numberOf);
  }

  dropSpan(number: number): void {
    this.#spans = withoutKey(this.#spans, number, numberOf);
  }

  dropSpans(): void {
    this.#spans = undefined;
  }

  /** That of its series that is told by its agent and its own key. */
  member(name: Pick<Member, 'agent' | 'series'>): Member | undefined {
    return itemOf(this.#members, memberKey(name), memberKey);
  }

  putMember(member: Member): void {
    this.#members = withItem(this.#members, member, memberKey);
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
