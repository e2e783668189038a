import { crc32 } from 'node:zlib';
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';
import { directoryColumnsOne } from './format-one.ts';
import { BAND_SLICES, bandOf, type RowName } from './results.ts';

/**
 * The directory of a batch result, which says where its blocks are, little endian:
 *
 * ```
 *   at  size
 *    0   4   magic           57 44 49 52 ("WDIR")
 *    4   1   format version  2
 *    5   3   0
 *    8   4   checksum        u32, CRC-32 over everything behind it
 *   12   4   blocks          u32
 *   16   4   text bytes t    u32
 *   20   t   groups          JSON array of their keys, UTF-8, ascending
 *        …   columns         pack, a row per block: partition; group (its number) and slice of its first row, and of its last;
 *                            slices (of rows and their tails), number of the object, offset in it, bytes
 * ```
 *
 * Blocks stand in the order of their rows (results.ts), and don't overlap in it. The objects of a result are
 * `<name>/directory` and `<name>/<number>`. Magic and version keep their place.
 */
export const RESULT_DIRECTORY_FORMAT = 2;

const MAGIC = 0x5249_4457;
const HEAD_BYTES = 20;
const COLUMNS = 9;
const SAFE = Number.MAX_SAFE_INTEGER;

/** What a block holds: its first slice, its last, and how many there are, of rows and their tails. */
export interface BlockExtent {
  readonly first: RowName;
  readonly last: RowName;
  readonly slices: number;
}

/** Where a block is, and what it holds. */
export interface BlockPlace extends BlockExtent {
  readonly object: number;
  readonly offset: number;
  readonly bytes: number;
}

export function directoryName(result: string): string {
  return `${result}/directory`;
}

export function blockObjectName(result: string, object: number): string {
  return `${result}/${object}`;
}

/** The bytes of a directory of these blocks, whose rows have these groups. */
export function encodeDirectory(places: readonly BlockPlace[], groupKeys: Iterable<string>): Uint8Array {
  const groups = [...new Set(groupKeys)].sort();
  const numberOf = new Map(groups.map((group, number) => [group, number]));
  const text = new TextEncoder().encode(JSON.stringify(groups));
  const pack = new PackWriter();
  const column = (of: (place: BlockPlace) => number): void => pack.column(Float64Array.from(places, of), places.length);
  column(({ first }) => first.partition);
  column(({ first }) => numberOf.get(first.group)!);
  column(({ first }) => first.slice);
  column(({ last }) => numberOf.get(last.group)!);
  column(({ last }) => last.slice);
  column(({ slices }) => slices);
  column(({ object }) => object);
  column(({ offset }) => offset);
  column(({ bytes }) => bytes);
  const columns = pack.finish(0);
  const out = new Uint8Array(HEAD_BYTES + text.length + columns.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, RESULT_DIRECTORY_FORMAT);
  view.setUint32(12, places.length, true);
  view.setUint32(16, text.length, true);
  out.set(text, HEAD_BYTES);
  out.set(columns, HEAD_BYTES + text.length);
  view.setUint32(8, crc32(out.subarray(12)), true);
  return out;
}

/** The format of the directory that begins with these bytes. Throws NewerFormat, ObjectDamaged. */
export function directoryFormat(bytes: Uint8Array, object: string, place: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new ObjectDamaged(object, place, 'it is no directory of a result');
  const version = view.getUint8(4);
  if (version > RESULT_DIRECTORY_FORMAT)
    throw new NewerFormat('directory of a result', object, version, RESULT_DIRECTORY_FORMAT);
  return version;
}

/** The blocks of a result. Throws NewerFormat, ObjectDamaged. */
export function decodeDirectory(bytes: Uint8Array, object: string, place: string): ResultDirectory {
  const format = directoryFormat(bytes, object, place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (crc32(bytes.subarray(12)) !== view.getUint32(8, true))
    throw new ObjectDamaged(object, place, 'its checksum is wrong');
  const count = view.getUint32(12, true);
  const columnsAt = HEAD_BYTES + view.getUint32(16, true);
  const groups = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_BYTES, columnsAt))) as string[];
  const columns =
    format < RESULT_DIRECTORY_FORMAT
      ? directoryColumnsOne(bytes, columnsAt, count)
      : columnsTwo(bytes, columnsAt, count);
  if (columns === undefined) throw new ObjectDamaged(object, place, 'its columns can not be unpacked');
  for (let i = 0; i < count; i++) {
    if (groups[columns[1]![i]!] === undefined || groups[columns[3]![i]!] === undefined)
      throw new ObjectDamaged(object, place, 'it names a group that it does not list');
  }
  return new ResultDirectory(format, groups, count, columns);
}

const reader = new PackReader();

function columnsTwo(bytes: Uint8Array, columnsAt: number, count: number): Float64Array[] | undefined {
  let whole = reader.open(bytes, columnsAt);
  const columns = Array.from({ length: COLUMNS }, () => {
    const column = new Float64Array(count + COLUMN_ROOM);
    whole &&= reader.column(column, count, -SAFE, SAFE);
    return column;
  });
  return whole && reader.finished() ? columns : undefined;
}

/** The blocks of a result, by number, and which of them hold what. */
export class ResultDirectory {
  readonly format: number;
  /** Ascending. */
  readonly groups: readonly string[];
  readonly count: number;
  readonly #columns: readonly Float64Array[];
  /** The blocks of each partition: first, and behind the last. */
  readonly #partitions: readonly (readonly [number, number])[];

  constructor(format: number, groups: readonly string[], count: number, columns: readonly Float64Array[]) {
    this.format = format;
    this.groups = groups;
    this.count = count;
    this.#columns = columns;
    const partitions: [number, number][] = [];
    for (let i = 0; i < count; i++) {
      if (i === 0 || columns[0]![i] !== columns[0]![i - 1]) partitions.push([i, i + 1]);
      else partitions.at(-1)![1] = i + 1;
    }
    this.#partitions = partitions;
  }

  /** Bytes that it takes in memory, about. */
  get bytes(): number {
    return COLUMNS * 8 * (this.count + COLUMN_ROOM) + GROUP_BYTES * this.groups.length;
  }

  place(i: number): BlockPlace {
    const at = (column: number): number => this.#columns[column]![i]!;
    const partition = at(0);
    return {
      first: { partition, group: this.groups[at(1)]!, slice: at(2) },
      last: { partition, group: this.groups[at(3)]!, slice: at(4) },
      slices: at(5),
      object: at(6),
      offset: at(7),
      bytes: at(8),
    };
  }

  places(): readonly BlockPlace[] {
    return Array.from({ length: this.count }, (_, i) => this.place(i));
  }

  /** Slices [from, to) outside of which there are none; undefined where there are no blocks. */
  extent(): readonly [number, number] | undefined {
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      const [first, last] = [this.#columns[2]![i]!, this.#columns[4]![i]!];
      const isBanded = this.format === RESULT_DIRECTORY_FORMAT;
      // Beside its first and last row a block has others, of the same bands.
      from = Math.min(from, isBanded ? bandOf(first) * BAND_SLICES : first);
      to = Math.max(to, isBanded ? (bandOf(last) + 1) * BAND_SLICES : last + 1);
    }
    return this.count === 0 ? undefined : [from, to];
  }

  /** The blocks that may hold slices [fromSlice, toSlice) of any group, in order. */
  within(fromSlice: number, toSlice: number): number[] {
    const found: number[] = [];
    if (toSlice <= fromSlice) return found;
    const lastBand = this.#bandOf(toSlice - 1);
    for (const [start, end] of this.#partitions) {
      let i = this.#firstEndingAt(start, end, this.#bandOf(fromSlice), 0);
      for (; i < end && this.#firstBand(i) <= lastBand; i++) if (this.#mayHold(i, fromSlice, toSlice)) found.push(i);
    }
    return found;
  }

  /** Of each partition, the first block that may hold slices from `slice` on, and the one behind its last. */
  *startsFrom(slice: number): Iterable<readonly [number, number]> {
    for (const [start, end] of this.#partitions) {
      const first = this.#firstEndingAt(start, end, this.#bandOf(slice), 0);
      if (first < end) yield [first, end];
    }
  }

  /** The first slice from `slice` on that a block may hold; undefined where its rows have to be looked at for that. */
  firstKnownFrom(block: number, slice: number): number | undefined {
    if (this.format < RESULT_DIRECTORY_FORMAT) return slice;
    const band = this.#firstBand(block);
    return band < bandOf(slice) ? undefined : Math.max(slice, band * BAND_SLICES);
  }

  /** The blocks that may hold slices [fromSlice, toSlice) of the group, in order. */
  find(group: string, fromSlice: number, toSlice: number): number[] {
    const found: number[] = [];
    const number = this.#numberOf(group);
    if (number === undefined || toSlice <= fromSlice) return found;
    const lastWanted = this.#bandOf(toSlice - 1);
    for (const [start, end] of this.#partitions) {
      let band = this.#bandOf(fromSlice);
      let i = this.#firstEndingAt(start, end, band, number);
      while (i < end && band <= lastWanted && this.#firstBand(i) <= lastWanted) {
        const firstBand = this.#firstBand(i);
        const firstGroup = this.#columns[1]![i]!;
        if (firstBand < band || (firstBand === band && firstGroup <= number)) {
          // The group's rows of the band, if there are any, begin in this block or before, and end in it or behind.
          if (this.#mayHold(i, fromSlice, toSlice)) found.push(i);
          band = this.#lastBand(i) + (this.#columns[3]![i]! > number ? 1 : 0);
          i = this.#firstEndingAt(i + 1, end, band, number);
        } else {
          band = firstBand + (firstGroup > number ? 1 : 0);
          i = this.#firstEndingAt(i, end, band, number);
        }
      }
    }
    return found;
  }

  /** Blocks of format 1 are in the order of groups alone: as if all slices lay in one band. */
  #bandOf(slice: number): number {
    return this.format < RESULT_DIRECTORY_FORMAT ? 0 : bandOf(slice);
  }

  #firstBand(i: number): number {
    return this.#bandOf(this.#columns[2]![i]!);
  }

  #lastBand(i: number): number {
    return this.#bandOf(this.#columns[4]![i]!);
  }

  /** Of a block within one band and group its slices are known; of others, the bands. */
  #mayHold(i: number, fromSlice: number, toSlice: number): boolean {
    const [, firstGroup, first, lastGroup, last] = this.#columns;
    if (firstGroup![i] !== lastGroup![i] || this.#firstBand(i) !== this.#lastBand(i)) return true;
    return first![i]! < toSlice && last![i]! >= fromSlice;
  }

  #numberOf(group: string): number | undefined {
    let low = 0;
    let high = this.groups.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.groups[middle]! < group) low = middle + 1;
      else high = middle;
    }
    return this.groups[low] === group ? low : undefined;
  }

  /** The first block of [start, end) whose last row lies in the group of the band, or behind it. */
  #firstEndingAt(start: number, end: number, band: number, group: number): number {
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#lastBand(middle);
      if (last < band || (last === band && this.#columns[3]![middle]! < group)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Bytes of a group's key in memory, about. */
const GROUP_BYTES = 60;
