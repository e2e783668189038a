import { closeSync, openSync, readSync } from 'node:fs';
import { ArchiveDamaged } from '../archive/archive-errors.ts';

/** Bytes read at once: frames lie one behind the other, so most are in the window when they are asked for. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Files open at once. */
const FILES_OPEN_MAX = 16;

/** Reads frames out of segment files, which never change. For a thread of its own: it reads synchronously. */
export class FrameSource implements Disposable {
  readonly #paths: readonly string[];
  readonly #open = new Map<number, number>();
  #window = new Uint8Array(WINDOW_BYTES);
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
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
  }

  #read(file: number, at: number, length: number): void {
    const descriptor = this.#descriptor(file);
    let filled = 0;
    while (filled < WINDOW_BYTES) {
      const read = readSync(descriptor, this.#window, filled, WINDOW_BYTES - filled, at + filled);
      if (read === 0) break;
      filled += read;
    }
    if (filled < length) throw new ArchiveDamaged(this.#paths[file]!, `it ends before byte ${at + length}`);
    this.#file = file;
    this.#from = at;
    this.#end = at + filled;
  }

  #descriptor(file: number): number {
    const present = this.#open.get(file);
    if (present !== undefined) return present;
    if (this.#open.size >= FILES_OPEN_MAX) {
      const [oldest, descriptor] = this.#open.entries().next().value!;
      closeSync(descriptor);
      this.#open.delete(oldest);
    }
    const descriptor = openSync(this.#paths[file]!, 'r');
    this.#open.set(file, descriptor);
    return descriptor;
  }
}
