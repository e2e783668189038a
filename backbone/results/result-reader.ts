import { STATS_PARTS, type StatsPart } from '#core/stats/statistics.ts';
import type { ResultRef } from '../manifests/manifest.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import type { ObjectPart, Objects } from '../objects/objects.ts';
import { ResultCache } from './result-cache.ts';
import {
  blockObjectName,
  type BlockPlace,
  decodeDirectory,
  directoryName,
  type ResultDirectory,
} from './result-directory.ts';
import { decodeResultBlock, decodeRowsOfGroup, ResultBlockTarget } from './result-format.ts';
import type { GroupRows, ResultBlock, ResultReader } from './results.ts';

/** Bytes of blocks, as they are stored, and directories that a reader keeps, unless told otherwise. */
export const RESULT_CACHE_BYTES_DEFAULT = 32 * 1024 * 1024;

/** Blocks that lie side by side are read together, up to so many bytes. */
const SCAN_READ_BYTES = 512 * 1024;

/** Blocks of a group that are read ahead of the one that is looked at, at most. */
const READ_AHEAD_MAX = 16;

/** Bytes that a block which is kept takes beside its own. */
const KEPT_BLOCK_BYTES = 400;

/** Where blocks are decoded to by questions that run beside each other; more are made while they are needed, and not kept. */
const TARGETS_MAX = 4;

const ALL_PARTS: ReadonlySet<StatsPart> = new Set(STATS_PARTS);
const NO_PARTS: ReadonlySet<StatsPart> = new Set();

/** For errors: objects know their own place, this is what they are to a reader of results. */
const PLACE = 'the objects of batch results';

/** A reader of batch results that keeps what it read last, up to `cacheBytesMax`. */
export function openResultReader(objects: Objects, cacheBytesMax: number = RESULT_CACHE_BYTES_DEFAULT): ResultReader {
  return new CachingResultReader(objects, cacheBytesMax);
}

class CachingResultReader implements ResultReader {
  readonly #objects: Objects;
  readonly #directories: ResultCache<ResultDirectory>;
  readonly #blocks: ResultCache<Uint8Array>;
  readonly #targets: ResultBlockTarget[] = [];

  constructor(objects: Objects, cacheBytesMax: number) {
    this.#objects = objects;
    this.#directories = new ResultCache(cacheBytesMax / 4);
    this.#blocks = new ResultCache((cacheBytesMax * 3) / 4);
  }

  async groups(result: ResultRef): Promise<readonly string[]> {
    return (await this.#directory(result.name)).groups;
  }

  async extent(result: ResultRef): Promise<readonly [number, number] | undefined> {
    return (await this.#directory(result.name)).extent();
  }

  async heldFrom(result: ResultRef, slice: number): Promise<number | undefined> {
    const directory = await this.#directory(result.name);
    let first: number | undefined;
    for (const [start, end] of directory.startsFrom(slice)) {
      let found: number | undefined;
      for (let i = start; i < end && found === undefined; i++) {
        found = directory.firstKnownFrom(i, slice);
        found ??= firstOf(await this.#slicesOf(result.name, directory.place(i)), slice);
      }
      if (found !== undefined && (first === undefined || found < first)) first = found;
    }
    return first;
  }

  async *blocks(result: ResultRef, group: string, fromSlice: number, toSlice: number): AsyncIterable<GroupRows> {
    const directory = await this.#directory(result.name);
    const target = this.#targets.pop() ?? new ResultBlockTarget(ALL_PARTS);
    try {
      for await (const { bytes, object } of this.#aheadOf(
        result.name,
        directory,
        directory.find(group, fromSlice, toSlice),
      ))
        for (const rows of decodeRowsOfGroup(bytes, object, PLACE, group, target))
          if (rows.slice[rows.count - 1]! >= fromSlice && rows.slice[0]! < toSlice) yield rows;
    } finally {
      if (this.#targets.length < TARGETS_MAX) this.#targets.push(target);
    }
  }

  /** The blocks that were found, one after the other; the further they are asked for, the more of the next are read meanwhile. */
  async *#aheadOf(result: string, directory: ResultDirectory, found: readonly number[]): AsyncIterable<StoredBlock> {
    const coming: Promise<StoredBlock>[] = [];
    for (let at = 0, next = 0; at < found.length; at++) {
      // What is still to come is read again once half of it is used up, so that several blocks of an object are read at once.
      if (coming.length <= READ_AHEAD_MAX / 2) {
        const end = Math.min(found.length, at + 1 + Math.min(at, READ_AHEAD_MAX));
        const places = found.slice(next, end).map((block) => directory.place(block));
        for (const [object, of] of Map.groupBy(places, (place) => place.object))
          coming.push(...this.#blocksOf(blockObjectName(result, object), of));
        next = Math.max(next, end);
      }
      yield await coming.shift()!;
    }
  }

  /** Blocks of one object, in their order, of which those that aren't kept are read together. */
  #blocksOf(object: string, places: readonly BlockPlace[]): readonly Promise<StoredBlock>[] {
    let contents: Promise<readonly Uint8Array[]> | undefined;
    const blocks = places.map(async (place, i): Promise<StoredBlock> => {
      const bytes = await this.#blocks.get(`${object}/${place.offset}`, async () => {
        const value = (await (contents ??= this.#contents(object, places)))[i]!;
        return { value, bytes: value.length + KEPT_BLOCK_BYTES };
      });
      return { bytes, object };
    });
    // Who stops asking before a block is reached is not told that it couldn't be read.
    for (const block of blocks) block.catch(() => undefined);
    return blocks;
  }

  async *scan(
    result: ResultRef,
    fromSlice: number,
    toSlice: number,
    parts: ReadonlySet<StatsPart>,
  ): AsyncIterable<ResultBlock> {
    const directory = await this.#directory(result.name);
    const found = directory.within(fromSlice, toSlice);
    const target = new ResultBlockTarget(parts);
    let next: Promise<ReadBlocks | undefined> = this.#readSome(result.name, directory, found, 0);
    for (let read = await next; read !== undefined; read = await next) {
      // The next ones are read while these are worked on.
      next = this.#readSome(result.name, directory, found, read.end);
      next.catch(() => undefined);
      for (const { bytes, object } of read.blocks) yield decodeResultBlock(bytes, object, PLACE, target);
    }
  }

  /** The blocks from the `start`-th found on that lie side by side; undefined behind the last one. */
  async #readSome(
    result: string,
    directory: ResultDirectory,
    found: readonly number[],
    start: number,
  ): Promise<ReadBlocks | undefined> {
    if (start >= found.length) return undefined;
    const first = directory.place(found[start]!);
    const object = blockObjectName(result, first.object);
    const places = [first];
    let { bytes } = first;
    for (let end = start + 1; end < found.length && bytes < SCAN_READ_BYTES; end++) {
      const place = directory.place(found[end]!);
      if (place.object !== first.object || place.offset !== first.offset + bytes) break;
      places.push(place);
      bytes += place.bytes;
    }
    const [content] = await this.#contents(object, [{ offset: first.offset, bytes }]);
    const blocks = places.map((place) => {
      const at = place.offset - first.offset;
      return { bytes: content!.subarray(at, at + place.bytes), object };
    });
    return { blocks, end: start + places.length };
  }

  #directory(result: string): Promise<ResultDirectory> {
    return this.#directories.get(result, async () => {
      const name = directoryName(result);
      const bytes = await this.#objects.get(name);
      if (bytes === undefined) throw missing(name);
      const directory = decodeDirectory(bytes, name, PLACE);
      return { value: directory, bytes: directory.bytes };
    });
  }

  async #slicesOf(result: string, place: BlockPlace): Promise<ResultBlock> {
    const { bytes, object } = await this.#blocksOf(blockObjectName(result, place.object), [place])[0]!;
    return decodeResultBlock(bytes, object, PLACE, new ResultBlockTarget(NO_PARTS));
  }

  async #contents(name: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[]> {
    const contents = await this.#objects.getParts(name, parts);
    if (contents === undefined) throw missing(name);
    for (const [i, { offset, bytes }] of parts.entries()) {
      const { length } = contents[i]!;
      if (length < bytes)
        throw new ObjectDamaged(name, PLACE, `it ends at ${offset + length}, a block at ${offset + bytes}`);
    }
    return contents;
  }
}

/** The first slice from `slice` on that a block has. */
function firstOf(block: ResultBlock, slice: number): number | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (let i = 0; i < block.count; i++) if (block.slice[i]! >= slice) first = Math.min(first, block.slice[i]!);
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}

/** A block as it is stored, and the name of the object that it lies in. */
interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly object: string;
}

/** Blocks side by side, and the number of the one behind them. */
interface ReadBlocks {
  readonly blocks: readonly StoredBlock[];
  readonly end: number;
}

function missing(name: string): ObjectDamaged {
  return new ObjectDamaged(name, PLACE, 'it is missing, though a manifest or directory names it');
}
