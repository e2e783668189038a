import { strict as assert } from 'node:assert';
import type { Objects } from '../objects/objects.ts';
import {
  type BlockExtent,
  blockObjectName,
  type BlockPlace,
  directoryName,
  encodeDirectory,
} from './result-directory.ts';
import { rowsOfBlock } from './result-format.ts';
import { compareRows } from './results.ts';

/** Bytes of blocks in one object. */
export const RESULT_OBJECT_BYTES = 2 * 1024 * 1024;

/** Objects that are put at once. */
const PUTS_IN_FLIGHT_MAX = 4;

/** Rows that a result has, and slices that these and their tails are. */
export interface ResultSize {
  readonly rows: number;
  readonly slices: number;
}

/**
 * Writes a batch result block by block. Nothing of it counts before `finish` has resolved, which puts the directory
 * last; what a crash leaves behind are objects under a name that no manifest knows.
 */
export class ResultWriter {
  readonly #objects: Objects;
  readonly #name: string;
  readonly #places: BlockPlace[] = [];
  #blocks: Uint8Array[] = [];
  #bytes = 0;
  #rows = 0;
  #slices = 0;
  #object = 0;
  readonly #puts = new Set<Promise<void>>();

  constructor(objects: Objects, name: string) {
    this.#objects = objects;
    this.#name = name;
  }

  /** Appends an encoded block; blocks come in the order of their rows and don't overlap. */
  async add(extent: BlockExtent, block: Uint8Array): Promise<void> {
    const before = this.#places.at(-1);
    assert(
      before === undefined || compareRows(before.last, extent.first) < 0,
      'blocks of a result come in their order, without overlap',
    );
    if (this.#bytes > 0 && this.#bytes + block.length > RESULT_OBJECT_BYTES) await this.#put();
    const { first, last, slices } = extent;
    this.#rows += rowsOfBlock(block);
    this.#slices += slices;
    this.#places.push({ first, last, slices, object: this.#object, offset: this.#bytes, bytes: block.length });
    this.#blocks.push(block);
    this.#bytes += block.length;
  }

  /** Resolves once the whole result is durable, with its size; `groups` are those of its rows. */
  async finish(groups: Iterable<string>): Promise<ResultSize> {
    if (this.#bytes > 0) await this.#put();
    await Promise.all(this.#puts);
    await this.#objects.put(directoryName(this.#name), encodeDirectory(this.#places, groups));
    return { rows: this.#rows, slices: this.#slices };
  }

  async #put(): Promise<void> {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const block of this.#blocks) {
      bytes.set(block, at);
      at += block.length;
    }
    const put = this.#objects.put(blockObjectName(this.#name, this.#object), bytes);
    this.#puts.add(put);
    put.then(
      () => this.#puts.delete(put),
      () => undefined,
    );
    this.#object++;
    this.#blocks = [];
    this.#bytes = 0;
    if (this.#puts.size >= PUTS_IN_FLIGHT_MAX) await Promise.race(this.#puts);
  }
}

/** Removes a result and everything it consists of. */
export async function removeResult(objects: Objects, name: string): Promise<void> {
  for (const object of await objects.list(`${name}/`)) await objects.remove(object.name);
}
