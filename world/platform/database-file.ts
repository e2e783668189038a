import type { Leftover } from './disk-fault.ts';
import type { Draws } from './draws.ts';

export type DatabaseOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** Keys are held as texts of one character per byte, whose order is the order of the bytes. */
type Entries = Map<string, Uint8Array>;

/**
 * A LevelDB on a simulated disk: what its opening sees, what of it is synced, and the writes in between, in order.
 *
 * After a write has failed the log file may end in half a record. LevelDB goes on writing behind it, and shows what it
 * wrote, but the next opening reads the log only up to that record: everything written since, synced or not, is gone.
 */
export class DatabaseFile {
  #entries: Entries = new Map();
  #durable: Entries = new Map();
  /** Written but not synced. */
  #unsynced: (readonly DatabaseOperation[])[] = [];
  /** What the next opening will find, where that isn't what this one sees. */
  #torn: Entries | undefined;
  isOpen = false;
  /** A sync has failed: LevelDB takes no more writes until it is opened again. */
  refuses = false;

  /** Whether opening has to write: it makes a table, synced, of what it reads from the log file. */
  get isToRecover(): boolean {
    return this.#torn !== undefined || this.hasUnsynced;
  }

  get hasUnsynced(): boolean {
    return this.#unsynced.length > 0;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#entries.get(textOf(key));
  }

  /** The entries of a range, as of now, in order. */
  range(gte: Uint8Array | undefined, lt: Uint8Array | undefined): (readonly [key: Uint8Array, value: Uint8Array])[] {
    const from = gte === undefined ? '' : textOf(gte);
    const to = lt === undefined ? undefined : textOf(lt);
    const keys: string[] = [];
    for (const key of this.#entries.keys()) if (key >= from && (to === undefined || key < to)) keys.push(key);
    return keys.sort().map((key) => [bytesOf(key), this.#entries.get(key)!]);
  }

  write(operations: readonly DatabaseOperation[], sync: boolean): void {
    apply(this.#entries, operations);
    if (this.#torn !== undefined) return;
    this.#unsynced.push(operations);
    if (sync) this.#sync();
  }

  /** A write that failed, and what it left at the end of the log. */
  fail(operations: readonly DatabaseOperation[], leaves: Leftover): void {
    if (leaves === 'nothing' || this.#torn !== undefined) return;
    this.#torn = new Map(this.#entries);
    if (leaves === 'all') apply(this.#torn, operations);
    this.refuses = leaves === 'all';
  }

  open(): void {
    this.isOpen = true;
    this.refuses = false;
    this.#entries = this.#torn ?? this.#entries;
    this.#torn = undefined;
    this.#durable = new Map(this.#entries);
    this.#unsynced = [];
  }

  release(): void {
    this.isOpen = false;
  }

  losePower(draws: Draws): void {
    for (const operations of this.#unsynced.slice(0, draws.below(this.#unsynced.length + 1)))
      apply(this.#durable, operations);
    this.#unsynced = [];
    this.#entries = new Map(this.#durable);
    this.#torn = undefined;
  }

  durableCopy(): DatabaseFile {
    const copy = new DatabaseFile();
    copy.#entries = new Map(this.#durable);
    copy.#durable = new Map(this.#durable);
    return copy;
  }

  #sync(): void {
    for (const operations of this.#unsynced) apply(this.#durable, operations);
    this.#unsynced = [];
  }
}

function apply(entries: Entries, operations: readonly DatabaseOperation[]): void {
  for (const operation of operations) {
    if (operation.type === 'put') entries.set(textOf(operation.key), operation.value.slice());
    else entries.delete(textOf(operation.key));
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
