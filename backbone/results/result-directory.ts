import { crc32 } from 'node:zlib';
import { COLUMN_ROOM, PackReader } from '#core/packing/pack-reader.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import { NewerFormat } from '../storage-errors.ts';

/**
 * The directory of a batch result, which says where its blocks are, little endian:
 *
 * ```
 *   at  size
 *    0   4   magic           57 44 49 52 ("WDIR")
 *    4   1   format version  1
 *    5   3   0
 *    8   4   checksum        u32, CRC-32 over everything behind it
 *   12   4   blocks          u32
 *   16   4   text bytes t    u32
 *   20   t   groups          JSON array of their keys, UTF-8, ascending
 *        …   columns         pack, a row per block: partition, number of the group, first slice, last − first slice,
 *                            rows, number of the object, offset in it, bytes
 * ```
 *
 * Blocks stand in the order of (partition, group, first slice); those of one partition and group don't overlap. The
 * objects of a result are `<name>/directory` and `<name>/<number>`. Magic and version keep their place.
 */
export const RESULT_DIRECTORY_FORMAT = 1;

const MAGIC = 0x5249_4457;
const HEAD_BYTES = 20;
const SAFE = Number.MAX_SAFE_INTEGER;

/** Where a block is, and what it holds. */
export interface BlockPlace {
  readonly partition: number;
  readonly group: string;
  readonly firstSlice: number;
  readonly lastSlice: number;
  readonly rows: number;
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

export function encodeDirectory(places: readonly BlockPlace[]): Uint8Array {
  const groups = [...new Set(places.map(({ group }) => group))].sort();
  const numberOf = new Map(groups.map((group, number) => [group, number]));
  const text = new TextEncoder().encode(JSON.stringify(groups));
  const pack = new PackWriter();
  const column = (of: (place: BlockPlace) => number): void => pack.column(Float64Array.from(places, of), places.length);
  column(({ partition }) => partition);
  column(({ group }) => numberOf.get(group)!);
  column(({ firstSlice }) => firstSlice);
  column(({ firstSlice, lastSlice }) => lastSlice - firstSlice);
  column(({ rows }) => rows);
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

/** The blocks of a result. Throws NewerFormat, ObjectDamaged. */
export function decodeDirectory(bytes: Uint8Array, object: string, place: string): BlockPlace[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEAD_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new ObjectDamaged(object, place, 'it is no directory of a result');
  }
  const version = view.getUint8(4);
  if (version > RESULT_DIRECTORY_FORMAT) {
    throw new NewerFormat('directory of a result', object, version, RESULT_DIRECTORY_FORMAT);
  }
  if (crc32(bytes.subarray(12)) !== view.getUint32(8, true))
    throw new ObjectDamaged(object, place, 'its checksum is wrong');
  const count = view.getUint32(12, true);
  const columnsAt = HEAD_BYTES + view.getUint32(16, true);
  const groups = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_BYTES, columnsAt))) as string[];
  const reader = new PackReader();
  let whole = reader.open(bytes, columnsAt);
  const columns = Array.from({ length: 8 }, () => {
    const column = new Float64Array(count + COLUMN_ROOM);
    whole &&= reader.column(column, count, -SAFE, SAFE);
    return column;
  });
  if (!whole || !reader.finished()) throw new ObjectDamaged(object, place, 'its columns can not be unpacked');
  const at = (column: number, i: number): number => columns[column]![i]!;
  const groupAt = (i: number): string => {
    const group = groups[at(1, i)];
    if (group === undefined) throw new ObjectDamaged(object, place, 'it names a group that it does not list');
    return group;
  };
  return Array.from({ length: count }, (_, i) => ({
    partition: at(0, i),
    group: groupAt(i),
    firstSlice: at(2, i),
    lastSlice: at(2, i) + at(3, i),
    rows: at(4, i),
    object: at(5, i),
    offset: at(6, i),
    bytes: at(7, i),
  }));
}
