import { strict as assert } from 'node:assert';
import { type Kernels, type Room, ROOM_NUMBERS } from '../kernels/kernels.ts';
import { ColumnCursor } from '../packing/column-cursor.ts';
import { COLUMN_ROOM, PackReader } from '../packing/pack-reader.ts';
import { type FrameFault, frameFault } from './fault.ts';
import { type FrameHeader, readHeader } from './header.ts';
import { FRAME_READINGS_MAX, VALUE_MAX } from './limits.ts';
import { LinkColumns } from './links.ts';
import { accumulate, accumulateChecked } from './run-columns.ts';
import { RunHeads } from './run-heads.ts';

/** Readings in a chunk at most: 8 KiB of values stay in the nearest cache. */
export const CHUNK_READINGS_MAX = 1024;

/** Values are unpacked ahead by whole blocks; place 0 is kept free for the head of a run. */
const AHEAD = 1 + CHUNK_READINGS_MAX + 2 * COLUMN_ROOM;

/** Kernels add up differences of which a whole chunk stays within 32 bits. */
const NARROW_BOUND = 2 ** 20;

/**
 * Walks over the readings of a frame, chunk by chunk, without allocating: a chunk is a piece of one run. The reader is
 * made to be opened again and again; `open` finds every fault that a frame can have, so `next` has none.
 *
 * Readers keep: arrays are valid up to the counts given with them, those of a chunk until the next `next`, all others
 * until the next `open`. Nothing in them may be changed.
 */
export class ReadingsReader {
  readonly links = new LinkColumns();
  readonly #heads = new RunHeads();
  readonly #pack = new PackReader();
  readonly #cursor = new ColumnCursor();
  readonly #kernels: Kernels | undefined;
  /** The frame's differences are few enough bits for them. */
  #narrow = false;
  #irregularMs = new Float64Array(0);

  /** The chunk's run. */
  run = -1;
  /** The chunk begins its run. */
  first = false;
  /** Readings of the chunk: `values` and `times` hold them from `offset` on. */
  size = 0;
  offset = 0;
  readonly values: Float64Array;
  /** Where these stand for the kernels, if they do. */
  readonly room: Room | undefined;
  /** True: reading i of the chunk is at `startMs + i·stepMs`. False: its time is in `times`. */
  regular = true;
  startMs = 0;
  stepMs = 0;
  readonly times = new Float64Array(AHEAD);

  #left = 0;
  #value = 0;
  #exact = true;
  #at = 1;
  #end = 1;
  #irregularAt = 0;
  #broken = false;

  /** Without kernels it does the same in JavaScript, as it does where there is no room left, or the numbers of a frame are too wide. */
  constructor(kernels: Kernels | undefined) {
    this.room = kernels?.takeRoom(this);
    this.#kernels = this.room === undefined ? undefined : kernels;
    this.values = this.room?.values ?? new Float64Array(AHEAD);
  }

  get runCount(): number {
    return this.#heads.runCount;
  }

  /** Dictionary index of each run. */
  get entry(): Int32Array {
    return this.#heads.entry;
  }

  /** Readings of each run. */
  get length(): Int32Array {
    return this.#heads.length;
  }

  /** Time of the last reading of each run. */
  get lastMs(): Float64Array {
    return this.#heads.lastMs;
  }

  /** 1 where the run has an anchor. */
  get anchored(): Uint8Array {
    return this.#heads.anchored;
  }

  get anchorTimeMs(): Float64Array {
    return this.#heads.anchorMs;
  }

  get anchorValue(): Float64Array {
    return this.#heads.anchorValue;
  }

  /** 1 where the journal could not check for repeats. */
  get unchecked(): Uint8Array {
    return this.#heads.unchecked;
  }

  /**
   * Opens a `readings` frame, before its first chunk. A header that was read from the same bytes saves reading it
   * again. After a fault the reader is at its end.
   */
  open(bytes: Uint8Array, header: FrameHeader | FrameFault = readHeader(bytes)): FrameFault | null {
    const fault = header.kind === 'fault' ? header : this.#open(bytes, header);
    if (fault !== null) {
      this.#heads.runCount = 0;
      this.links.count = 0;
    }
    this.#rewind();
    return fault;
  }

  /** Steps to the next chunk; false at the end. */
  next(): boolean {
    if (this.#left === 0) {
      if (this.run + 1 >= this.#heads.runCount) return false;
      this.#nextRun();
    } else {
      this.first = false;
    }
    const size = Math.min(this.#left, CHUNK_READINGS_MAX);
    const stored = this.first ? size - 1 : size;
    if (this.#end - this.#at < stored) {
      if (this.#narrow) this.#unpackNarrowAhead(this.#kernels!, this.room!);
      else this.#unpackAhead();
    }
    const at = this.#at;
    this.offset = at - (size - stored);
    this.size = size;
    if (this.first) this.values[at - 1] = this.#value;
    this.#finishValues(at, stored);
    this.#at += stored;
    this.#left -= size;
    this.#setTimes(size);
    return true;
  }

  #open(bytes: Uint8Array, header: FrameHeader): FrameFault | null {
    if (header.kind !== 'readings') return frameFault('unknown-kind', `frame holds ${header.kind}, not readings`);
    const { count, dictionaryVersion } = header;
    if (count > FRAME_READINGS_MAX) {
      return frameFault('count', `frame counts ${count} readings, the limit is ${FRAME_READINGS_MAX}`);
    }
    const pack = this.#pack;
    const heads = this.#heads;
    if (!pack.open(bytes, bytes.length - header.bodyBytes)) return frameFault('columns', 'body can not be unpacked');
    const headFault = heads.read(pack, count, dictionaryVersion) ?? this.#readTimes(header);
    if (headFault !== null) return headFault;
    if (!pack.cursor(this.#cursor, count - heads.runCount) || this.#cursor.delta) {
      return frameFault('columns', 'values can not be unpacked');
    }
    const linkFault = this.links.read(pack, dictionaryVersion);
    if (linkFault !== null) return linkFault;
    if (!pack.finished()) return frameFault('length', 'body holds more than its columns');
    return this.#surveyValues();
  }

  /** Reads the times of irregular runs, and compares the extent of all with what the header says. */
  #readTimes(header: FrameHeader): FrameFault | null {
    const heads = this.#heads;
    const size = heads.irregularCount + COLUMN_ROOM;
    if (this.#irregularMs.length < size) this.#irregularMs = new Float64Array(size);
    if (!this.#pack.column(this.#irregularMs, heads.irregularCount, -VALUE_MAX, VALUE_MAX)) {
      return frameFault('columns', 'times can not be unpacked');
    }
    return heads.placeTimes(this.#irregularMs, header);
  }

  /**
   * Makes sure that no value leaves the safe integers. For most frames the widths of the blocks say so; where they
   * don't, all is unpacked once.
   */
  #surveyValues(): FrameFault | null {
    this.#broken = false;
    const { bound } = this.#cursor;
    this.#narrow = this.room !== undefined && bound <= NARROW_BOUND;
    if (this.#heads.allWithin(bound)) return null;
    this.#rewind();
    while (this.next()) {
      if (this.#broken) return frameFault('range', `values of run ${this.run} leave the safe integers`);
    }
    return null;
  }

  #rewind(): void {
    this.#cursor.rewind();
    this.run = -1;
    this.size = 0;
    this.#left = 0;
    this.#at = 1;
    this.#end = 1;
    this.#irregularAt = 0;
  }

  #nextRun(): void {
    const heads = this.#heads;
    const run = this.run + 1;
    this.run = run;
    this.first = true;
    this.regular = heads.irregular[run] === 0;
    this.stepMs = heads.periodMs[run]!;
    this.startMs = heads.headMs[run]!;
    this.#left = heads.length[run]!;
    this.#value = heads.headValue[run]!;
    this.#exact = heads.within(run, this.#cursor.bound);
  }

  /** Moves what is left to the front and unpacks blocks behind it until a whole chunk is there, or the column ends. */
  #unpackAhead(): void {
    const { values } = this;
    const rest = this.#end - this.#at;
    if (rest > 0) values.copyWithin(1, this.#at, this.#end);
    let end = 1 + rest;
    while (end <= CHUNK_READINGS_MAX) {
      const count = this.#cursor.block(values, end);
      if (count === 0) break;
      end += count;
    }
    this.#at = 1;
    this.#end = end;
  }

  /** The same into the room. */
  #unpackNarrowAhead(kernels: Kernels, { differences, differencesAt }: Room): void {
    const rest = this.#end - this.#at;
    if (rest > 0) differences.copyWithin(1, this.#at, this.#end);
    let end = 1 + rest;
    while (end <= CHUNK_READINGS_MAX) {
      const count = this.#cursor.narrowBlock(kernels, differences, differencesAt, end);
      if (count === 0) break;
      end += count;
    }
    this.#at = 1;
    this.#end = end;
  }

  /** Turns `count` stored numbers from `at` on into values, in place. */
  #finishValues(at: number, count: number): void {
    const divisor = this.#heads.divisor[this.run]!;
    const absolute = this.#heads.absolute[this.run] === 1;
    if (this.#narrow) {
      const { differences, differencesAt, valuesAt } = this.room!;
      if (this.#exact && !absolute) {
        if (count === 0) return;
        const { functions } = this.#kernels!;
        const from = differencesAt + 4 * at;
        this.#value = functions.accumulate(from, count, this.#value, divisor, valuesAt + 8 * at);
        return;
      }
      for (let i = at; i < at + count; i++) this.values[i] = differences[i]!;
    }
    if (!this.#exact) {
      this.#value = accumulateChecked(this.values, at, count, this.#value, divisor, absolute);
      if (Number.isNaN(this.#value)) this.#broken = true;
    } else if (!absolute) {
      this.#value = accumulate(this.values, at, count, this.#value, divisor);
    }
  }

  #setTimes(size: number): void {
    if (this.regular) {
      if (!this.first) this.startMs += CHUNK_READINGS_MAX * this.stepMs;
      return;
    }
    let from = this.offset;
    const end = from + size;
    if (this.first) this.times[from++] = this.startMs;
    const stored = this.#irregularMs;
    let at = this.#irregularAt;
    while (from < end) this.times[from++] = stored[at++]!;
    this.#irregularAt = at;
  }
}

assert(AHEAD + 3 <= ROOM_NUMBERS, 'a room holds what is unpacked ahead, and what kernels write behind it');
assert(CHUNK_READINGS_MAX * NARROW_BOUND < 2 ** 31, 'the sums of a chunk of narrow numbers fit into 32 bits');
assert(AHEAD > 1 + CHUNK_READINGS_MAX + COLUMN_ROOM, 'a whole block fits behind a chunk that lacks one value');
