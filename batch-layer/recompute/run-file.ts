import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { ObjectDamaged } from '#backbone/objects/objects.ts';
import { decodeResultBlock } from '#backbone/results/result-format.ts';
import type { BlockExtent } from '#backbone/results/result-writer.ts';
import type { MergeSource } from './merge-blocks.ts';

const SCRATCH = 'the scratch of the batch layer';

/** A block of a sorted run: a piece of the folding of some frames, for one view, partition and group. */
export interface RunBlock extends BlockExtent {
  /** Number of the view in the job. */
  readonly view: number;
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
  /** Some row waits for a refold of min, max, first and last. */
  readonly pending: boolean;
}

/** Writes the blocks of one job into a file for the merge, which lives in another thread. */
export class RunWriter implements Disposable {
  readonly blocks: RunBlock[] = [];
  readonly #path: string;
  readonly #file: number;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'wx');
  }

  add(view: number, extent: BlockExtent, pending: boolean, block: Uint8Array): void {
    this.blocks.push({ ...extent, view, path: this.#path, at: this.#at, bytes: block.length, pending });
    for (let written = 0; written < block.length;) {
      written += writeSync(this.#file, block, written, block.length - written, this.#at + written);
    }
    this.#at += block.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Reads blocks of run files. */
export class RunReader implements Disposable {
  readonly #files = new Map<string, number>();

  read(block: RunBlock): Uint8Array {
    let file = this.#files.get(block.path);
    if (file === undefined) {
      file = openSync(block.path, 'r');
      this.#files.set(block.path, file);
    }
    const bytes = new Uint8Array(block.bytes);
    for (let filled = 0; filled < bytes.length;) {
      const read = readSync(file, bytes, filled, bytes.length - filled, block.at + filled);
      if (read === 0) throw new ObjectDamaged(block.path, SCRATCH, `it ends before byte ${block.at + block.bytes}`);
      filled += read;
    }
    return bytes;
  }

  /** The block as a source of a merge. */
  source(block: RunBlock, order: number): MergeSource {
    const readBytes = (): Promise<Uint8Array> => Promise.resolve(this.read(block));
    const readRows = async () => decodeResultBlock(await readBytes(), block.path, SCRATCH);
    return { ...block, order, readBytes, readRows };
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
  }
}
