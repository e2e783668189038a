import { systemError } from './disk-fault.ts';
import type { PlainFile } from './plain-file.ts';

/** The lowest number of a simulated file; those below are the real process's. */
export const FIRST_DESCRIPTOR = 1000;

/** Files that a process holds open, by the number that it knows them by. */
export class OpenFiles {
  readonly #files = new Map<number, PlainFile>();
  #next = FIRST_DESCRIPTOR;

  add(file: PlainFile): number {
    this.#files.set(this.#next, file);
    return this.#next++;
  }

  get(descriptor: number): PlainFile {
    const file = this.#files.get(descriptor);
    if (file === undefined) throw systemError('EBADF', `file ${descriptor}`);
    return file;
  }

  remove(descriptor: number): void {
    this.get(descriptor);
    this.#files.delete(descriptor);
  }
}
