import type { ResultRef } from '../manifests/manifest.ts';
import { ObjectDamaged } from '../objects/objects.ts';
import type { Objects } from '../objects/objects.ts';
import { ResultCache } from './result-cache.ts';
import { blockObjectName, type BlockPlace, decodeDirectory, directoryName } from './result-directory.ts';
import { decodeResultBlock } from './result-format.ts';
import type { ResultBlock, ResultReader } from './results.ts';

/** Bytes of objects, decoded blocks and directories that a reader keeps, unless told otherwise. */
export const RESULT_CACHE_BYTES_DEFAULT = 192 * 1024 * 1024;

/** Bytes that a row takes once it is decoded, beside its stats: slice, revision, flags. */
const DECODED_ROW_BYTES = 8 + 8 + 1;

/** Bytes that a directory takes per block. */
const PLACE_BYTES = 120;

/** For errors: objects know their own place, this is what they are to a reader of results. */
const PLACE = 'the objects of batch results';

interface Directory {
  readonly groups: readonly string[];
  /** The places of a group, in the order of (partition, first slice). */
  readonly places: ReadonlyMap<string, readonly BlockPlace[]>;
}

/** A reader of batch results that keeps what it read last, up to `cacheBytesMax`. */
export function openResultReader(objects: Objects, cacheBytesMax: number = RESULT_CACHE_BYTES_DEFAULT): ResultReader {
  return new CachingResultReader(objects, cacheBytesMax);
}

class CachingResultReader implements ResultReader {
  readonly #objects: Objects;
  readonly #directories: ResultCache<Directory>;
  readonly #contents: ResultCache<Uint8Array>;
  readonly #blocks: ResultCache<ResultBlock>;

  constructor(objects: Objects, cacheBytesMax: number) {
    this.#objects = objects;
    // Objects only serve the blocks beside the one that was asked for, so they get the lesser share.
    this.#directories = new ResultCache(cacheBytesMax / 8);
    this.#contents = new ResultCache(cacheBytesMax / 4);
    this.#blocks = new ResultCache((cacheBytesMax * 5) / 8);
  }

  async groups(result: ResultRef): Promise<readonly string[]> {
    return (await this.#directory(result.name)).groups;
  }

  async *blocks(result: ResultRef, group: string, fromSlice: number, toSlice: number): AsyncIterable<ResultBlock> {
    const { places } = await this.#directory(result.name);
    for (const place of places.get(group) ?? []) {
      if (place.lastSlice < fromSlice || place.firstSlice >= toSlice) continue;
      yield await this.#block(result.name, place);
    }
  }

  #directory(result: string): Promise<Directory> {
    return this.#directories.get(result, async () => {
      const places = decodeDirectory(await this.#content(directoryName(result)), directoryName(result), PLACE);
      const byGroup = new Map<string, BlockPlace[]>();
      for (const place of places) {
        const list = byGroup.get(place.group);
        if (list === undefined) byGroup.set(place.group, [place]);
        else list.push(place);
      }
      const directory = { groups: [...byGroup.keys()].sort(), places: byGroup };
      return { value: directory, bytes: PLACE_BYTES * (places.length + byGroup.size) };
    });
  }

  #block(result: string, place: BlockPlace): Promise<ResultBlock> {
    return this.#blocks.get(`${result}/${place.object}/${place.offset}`, async () => {
      const name = blockObjectName(result, place.object);
      const content = await this.#content(name);
      const end = place.offset + place.bytes;
      if (end > content.length) throw new ObjectDamaged(name, PLACE, `it ends at ${content.length}, a block at ${end}`);
      const block = decodeResultBlock(content.subarray(place.offset, end), name, PLACE);
      return { value: block, bytes: DECODED_ROW_BYTES * block.count + block.table.bytes };
    });
  }

  #content(name: string): Promise<Uint8Array> {
    return this.#contents.get(name, async () => {
      const bytes = await this.#objects.get(name);
      if (bytes === undefined)
        throw new ObjectDamaged(name, PLACE, 'it is missing, though a manifest or directory names it');
      return { value: bytes, bytes: bytes.length };
    });
  }
}
