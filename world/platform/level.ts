import { DatabaseFile, type DatabaseOperation } from './database-file.ts';
import { systemError } from './disk-fault.ts';
import { Life } from './life.ts';
import { machineOf } from './machine.ts';

interface Range {
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/**
 * What the product uses of the class `Level` of the package `level`, with bytes as keys and values, on the disk of the
 * machine that the caller lives on. As there, a snapshot is taken when an iterator is made, writes take effect in the
 * order of their calls, and everything rejects after `close`.
 */
export class Level {
  readonly #path: string;
  readonly #life: Life;
  #file: DatabaseFile | undefined;
  #pending: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    const life = Life.current;
    if (life === undefined) throw new Error('a simulated database is opened by a process of the world');
    this.#path = path;
    this.#life = life;
  }

  async open(): Promise<void> {
    const { disk } = machineOf(this.#life);
    const found = disk.node(this.#path);
    const open = (): void => {
      const present = disk.node(this.#path);
      const file = present instanceof DatabaseFile ? present : new DatabaseFile();
      if (file.isOpen) throw Object.assign(new Error('the database is open elsewhere'), { code: 'LEVEL_LOCKED' });
      if (file !== present) {
        disk.put(this.#path, file, 'open');
        disk.syncName(this.#path);
      }
      file.open();
      this.#file = file;
    };
    const isToRecover = found instanceof DatabaseFile && !found.isOpen && found.isToRecover;
    await (isToRecover ? disk.writeDurably(`recover ${this.#path}`, open) : disk.read(open));
  }

  async close(): Promise<void> {
    await this.#pending.catch(() => undefined);
    this.#file?.release();
    this.#file = undefined;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#read((file) => file.get(key)?.slice());
  }

  put(key: Uint8Array, value: Uint8Array, options: { readonly sync?: boolean } = {}): Promise<void> {
    return this.batch([{ type: 'put', key, value }], options);
  }

  batch(operations: readonly DatabaseOperation[], options: { readonly sync?: boolean } = {}): Promise<void> {
    // The caller may change its bytes once it has called.
    const taken = operations.map((one) =>
      one.type === 'put'
        ? { type: one.type, key: one.key.slice(), value: one.value.slice() }
        : { type: one.type, key: one.key.slice() },
    );
    return this.#write(taken, options.sync ?? false);
  }

  async clear(range: Range): Promise<void> {
    const keys = await this.#read((file) => file.range(range.gte, range.lt).map(([key]) => key));
    await this.#write(
      keys.map((key) => ({ type: 'del', key })),
      false,
    );
  }

  /** Of a database that is simulated, deleted entries take no room. */
  compactRange(): Promise<void> {
    return this.#read(() => undefined);
  }

  iterator(range: Range): EntryIterator {
    const file = this.#opened();
    const entries = file.range(range.gte, range.lt);
    if (range.reverse === true) entries.reverse();
    const limited = range.limit === undefined || range.limit < 0 ? entries : entries.slice(0, range.limit);
    return new EntryIterator(limited, (act) => this.#read(act));
  }

  keys(range: Range): { all(): Promise<Uint8Array[]> } {
    const iterator = this.iterator(range);
    return { all: async () => (await iterator.all()).map(([key]) => key) };
  }

  #opened(): DatabaseFile {
    if (this.#file === undefined)
      throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' });
    return this.#file;
  }

  async #read<T>(act: (file: DatabaseFile) => T): Promise<T> {
    this.#opened();
    return machineOf(this.#life).disk.read(() => act(this.#opened()));
  }

  #write(operations: readonly DatabaseOperation[], sync: boolean): Promise<void> {
    const written = this.#pending.then(async () => {
      const file = this.#opened();
      const { disk } = machineOf(this.#life);
      const what = `batch ${this.#path} (${subjectsOf(operations)})`;
      const act = (): void => {
        if (file.refuses) throw systemError('EIO', `write '${this.#path}'`);
        file.write(operations, sync);
      };
      if (sync) await disk.writeDurably(what, act, (leaves) => file.fail(operations, leaves));
      else await disk.write(what, act);
    });
    this.#pending = written.then(undefined, () => undefined);
    return written;
  }
}

/** What a write is about, as far as keys tell by how they begin. */
function subjectsOf(operations: readonly DatabaseOperation[]): string {
  const beginnings = operations.map(({ type, key }) => `${type} ${Buffer.from(key.subarray(0, 2)).toString('hex')}`);
  return [...new Set(beginnings)].sort().join(', ');
}

class EntryIterator {
  readonly #entries: readonly Entry[];
  readonly #read: <T>(act: () => T) => Promise<T>;
  #next = 0;

  constructor(entries: readonly Entry[], read: <T>(act: () => T) => Promise<T>) {
    this.#entries = entries;
    this.#read = read;
  }

  nextv(count: number): Promise<Entry[]> {
    return this.#read(() => {
      const taken = this.#entries.slice(this.#next, this.#next + count);
      this.#next += taken.length;
      return taken.map(([key, value]) => [key, value.slice()]);
    });
  }

  /** Goes on at the first entry whose key is not less, before or behind. Of an iterator that ascends. */
  seek(target: Uint8Array): void {
    const next = this.#entries.findIndex(([key]) => Buffer.compare(key, target) >= 0);
    this.#next = next < 0 ? this.#entries.length : next;
  }

  all(): Promise<Entry[]> {
    return this.nextv(this.#entries.length);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
