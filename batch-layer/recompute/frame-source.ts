import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ArchiveDamaged } from '../archive/archive-errors.ts';
import { blockAt, readBlocksNow, type SegmentBlocks, unpackBlock } from '../archive/segment-blocks.ts';

/** Bytes read at once, of files that are as long: frames lie one behind the other, so most are in the window when they are asked for. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Files open at once. */
const FILES_OPEN_MAX = 16;

interface OpenSegment {
  readonly descriptor: number;
  /** Of the file, when it was opened. */
  readonly bytes: number;
  /** Where it is compacted. */
  readonly packed: SegmentBlocks | undefined;
}

/**
 * Reads frames out of segment files, whose records never change and keep their places when they are compacted. For a thread of its
 * own: it reads synchronously.
 */
export class FrameSource implements Disposable {
  readonly #paths: readonly string[];
  readonly #open = new Map<number, OpenSegment>();
  /** What is read of plain segments; most who plan read none. */
  #room = new Uint8Array(0);
  #window: Uint8Array = new Uint8Array(0);
  #file = -1;
  #from = 0;
  #end = 0;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The bytes at a place; valid until the next call. Throws ArchiveDamaged where the file ends before. */
  frame(file: number, at: number, length: number): Uint8Array {
    if (file !== this.#file || at < this.#from || at + length > this.#end) this.#read(file, at, length);
    return this.#window.subarray(at - this.#from, at - this.#from + length);
  }

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #read(file: number, at: number, length: number): void {
    const { descriptor, bytes, packed } = this.#segment(file);
    if (packed === undefined) {
      const wanted = Math.max(length, Math.min(WINDOW_BYTES, bytes));
      if (this.#room.length < wanted) this.#room = new Uint8Array(wanted);
      this.#window = this.#room;
      const read = readUpTo(descriptor, this.#window, at);
      this.#from = at;
      this.#end = at + read;
    } else {
      this.#unpack(file, descriptor, packed, at);
    }
    this.#file = file;
    if (at + length > this.#end) throw new ArchiveDamaged(this.#paths[file]!, `it ends before byte ${at + length}`);
  }

  #unpack(file: number, descriptor: number, { blocks }: SegmentBlocks, at: number): void {
    const path = this.#paths[file]!;
    const block = blockAt(blocks, at);
    if (block === undefined) throw new ArchiveDamaged(path, `no block holds byte ${at}`);
    const bytes = new Uint8Array(block.bytes);
    this.#window = unpackBlock(bytes.subarray(0, readUpTo(descriptor, bytes, block.at)), block, path);
    this.#from = block.begin;
    this.#end = block.end;
  }

  #segment(file: number): OpenSegment {
    const present = this.#open.get(file);
    if (present !== undefined) return present;
    if (this.#open.size >= FILES_OPEN_MAX) {
      const [oldest, { descriptor }] = this.#open.entries().next().value!;
      closeSync(descriptor);
      this.#open.delete(oldest);
    }
    const path = this.#paths[file]!;
    const descriptor = openSync(path, 'r');
    const read = (from: number, length: number): Uint8Array => {
      const part = new Uint8Array(length);
      return part.subarray(0, readUpTo(descriptor, part, from));
    };
    const opened = { descriptor, bytes: fstatSync(descriptor).size, packed: readBlocksNow(read, path) };
    this.#open.set(file, opened);
    return opened;
  }
}

/** Fills `into` from a place in a file on; gives how many bytes there were. */
function readUpTo(descriptor: number, into: Uint8Array, at: number): number {
  let filled = 0;
  while (filled < into.length) {
    const read = readSync(descriptor, into, filled, into.length - filled, at + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
