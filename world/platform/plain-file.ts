import type { Draws } from './draws.ts';

/** A file's bytes as programs see them, and as they are on the disk. */
export class PlainFile {
  #bytes: Uint8Array;
  #durable: Uint8Array;
  modifiedMs: number;

  constructor(modifiedMs: number, bytes: Uint8Array = new Uint8Array(0), durable = bytes) {
    this.#bytes = bytes;
    this.#durable = durable;
    this.modifiedMs = modifiedMs;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  get hasUnsynced(): boolean {
    return this.#bytes !== this.#durable;
  }

  /** Copies up to `length` bytes from `from` on into `into` at `at`; gives how many there were. */
  read(into: Uint8Array, at: number, length: number, from: number): number {
    const part = this.#bytes.subarray(from, from + length);
    into.set(part, at);
    return part.length;
  }

  write(bytes: Uint8Array, at: number, nowMs: number): void {
    const size = Math.max(this.#bytes.length, at + bytes.length);
    const written = new Uint8Array(size);
    written.set(this.#bytes);
    written.set(bytes, at);
    this.#bytes = written;
    this.modifiedMs = nowMs;
  }

  truncate(size: number, nowMs: number): void {
    const cut = new Uint8Array(size);
    cut.set(this.#bytes.subarray(0, size));
    this.#bytes = cut;
    this.modifiedMs = nowMs;
  }

  sync(): void {
    this.#durable = this.#bytes;
  }

  /** Back to what was synced; of bytes that were appended since, a beginning may have reached the disk. */
  losePower(draws: Draws): void {
    const appended = this.#bytes.length - this.#durable.length;
    const grew = appended > 0 && Buffer.compare(this.#bytes.subarray(0, this.#durable.length), this.#durable) === 0;
    this.#durable = grew ? this.#bytes.slice(0, this.#durable.length + draws.below(appended + 1)) : this.#durable;
    this.#bytes = this.#durable;
  }

  durableCopy(): PlainFile {
    return new PlainFile(this.modifiedMs, this.#durable);
  }
}
