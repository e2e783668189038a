import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { ObjectDamaged } from '#backbone/objects/objects.ts';
import type { BlockExtent } from '#backbone/results/result-directory.ts';
import { decodeResultBlock } from '#backbone/results/result-format.ts';
import type { ResultBlock } from '#backbone/results/results.ts';

const SCRATCH = 'the scratch of the batch layer';

/** A block of rows in the order of results, and where it is: in a file of the scratch. */
export interface RunBlock extends BlockExtent {
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
}

/** Rows in the order of results. Plain data, for any process. */
export interface SortedRun {
  readonly blocks: readonly RunBlock[];
  /** Of its rows. */
  readonly groups: readonly string[];
}

/** Bytes of blocks that are written at once. */
const WRITE_BYTES = 256 * 1024;

/** Writes sorted runs, one after the other, into a file of the scratch. */
export class RunWriter implements Disposable {
  readonly #path: string;
  readonly #file: number;
  #at = 0;
  #blocks: RunBlock[] = [];
  readonly #buffer = new Uint8Array(WRITE_BYTES);
  #buffered = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'wx');
  }

  /** Appends a block to the run. */
  add({ first, last, slices }: BlockExtent, block: Uint8Array): void {
    this.#blocks.push({ first, last, slices, path: this.#path, at: this.#at, bytes: block.length });
    for (let taken = 0; taken < block.length;) {
      const part = block.subarray(taken, taken + WRITE_BYTES - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      this.#at += part.length;
      taken += part.length;
      if (this.#buffered === WRITE_BYTES) this.#write();
    }
  }

  /** Ends the run, whose rows have these groups, and begins another. */
  finish(groups: Iterable<string>): SortedRun {
    this.#write();
    const run = { blocks: this.#blocks, groups: [...groups] };
    this.#blocks = [];
    return run;
  }

  #write(): void {
    const start = this.#at - this.#buffered;
    for (let written = 0; written < this.#buffered;)
      written += writeSync(this.#file, this.#buffer, written, this.#buffered - written, start + written);
    this.#buffered = 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Reads blocks of run files. */
export class RunReader implements Disposable {
  readonly #files = new Map<string, number>();

  /** The rows of a block. Throws ObjectDamaged. */
  rows(block: RunBlock): ResultBlock {
    return decodeResultBlock(this.read(block), block.path, SCRATCH);
  }

  /** A block's bytes. Throws ObjectDamaged. */
  read({ path, at, bytes: length }: RunBlock): Uint8Array {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = openSync(path, 'r');
      this.#files.set(path, file);
    }
    const bytes = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const read = readSync(file, bytes, filled, length - filled, at + filled);
      if (read === 0) throw new ObjectDamaged(path, SCRATCH, `it ends before byte ${at + length}`);
      filled += read;
    }
    return bytes;
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
  }
}
