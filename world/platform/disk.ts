import { dirname, resolve } from 'node:path';
import { DatabaseFile } from './database-file.ts';
import { type DurableWrite, type Leftover, systemError, type WriteFault } from './disk-fault.ts';
import type { Draws } from './draws.ts';
import { Life, LifeEnded } from './life.ts';
import type { PlainFile } from './plain-file.ts';
import type { Scheduler } from './scheduler.ts';

/** What a name in a directory stands for. A database is one thing here, however many files LevelDB makes of it. */
export type DiskNode = PlainFile | DatabaseFile | 'directory';

/** What a disk needs of the machine that it is in. */
export interface DiskParts {
  readonly draws: Draws;
  readonly scheduler: Scheduler;
  readonly clockMs: () => number;
  /** Ends the process that runs on the machine. */
  readonly kill: () => void;
}

/** How long a disk takes, in ms: reads from the page cache, writes, and what waits for the platter. */
const READ_MS = 0.05;
const WRITE_MS = 0.1;
const SYNC_MS_MAX = 4;

/**
 * A machine's disk, with what is really on it kept apart from what the system only has in memory:
 *
 * - the end of a process loses nothing that was written (the page cache outlives it);
 * - the loss of power takes back all that was not synced: of a file what was written since its last sync, of a directory
 *   the names that changed since it was synced itself. Of both a part may have reached the disk by chance, in order, the
 *   last write torn.
 *
 * Every write that is to be durable is counted and may be made to fail or to end the process (`arm`).
 */
export class Disk {
  readonly #parts: DiskParts;
  /** Each may say what happens at a durable write; the first that does is heard. */
  readonly #armed = new Set<(write: DurableWrite) => WriteFault | undefined>();
  /** Decides whether a write, of any kind, fails now; asked without one, whether the next would. */
  failing: (what?: string) => Extract<WriteFault, { kind: 'fails' }> | undefined = () => undefined;
  #nodes = new Map<string, DiskNode>([['/', 'directory']]);
  #durable = new Map<string, DiskNode>([['/', 'directory']]);
  /** Names that changed since their directory was synced, in order. */
  readonly #changed = new Map<string, string[]>();
  #durableWrites = 0;
  /** By how much longer everything takes than on a disk that is well. */
  slowness = 1;

  constructor(parts: DiskParts) {
    this.#parts = parts;
  }

  /** What the clock shows that files are stamped by. */
  get clockMs(): number {
    return this.#parts.clockMs();
  }

  get draws(): Draws {
    return this.#parts.draws;
  }

  get durableWrites(): number {
    return this.#durableWrites;
  }

  /** Lets `decide` be asked at every durable write from now on. */
  arm(decide: (write: DurableWrite) => WriteFault | undefined): void {
    this.#armed.add(decide);
  }

  /** A disk without faults from now on. */
  heal(): void {
    this.#armed.clear();
    this.failing = () => undefined;
    this.slowness = 1;
  }

  /** Whether the loss of power would take anything back. */
  get hasUnsynced(): boolean {
    if ([...this.#changed.values()].some((names) => names.length > 0)) return true;
    for (const node of this.#nodes.values()) if (node !== 'directory' && node.hasUnsynced) return true;
    return false;
  }

  node(path: string): DiskNode | undefined {
    return this.#nodes.get(resolve(path));
  }

  /** The node at a path; throws ENOENT. */
  require(path: string, what: string): DiskNode {
    const node = this.node(path);
    if (node === undefined) throw systemError('ENOENT', `${what} '${path}'`);
    return node;
  }

  put(path: string, node: DiskNode, what: string): void {
    const full = resolve(path);
    const parent = this.#nodes.get(dirname(full));
    if (parent === undefined) throw systemError('ENOENT', `${what} '${path}'`);
    if (parent !== 'directory') throw systemError('ENOTDIR', `${what} '${path}'`);
    this.#nodes.set(full, node);
    this.#note(full);
  }

  remove(path: string): void {
    const full = resolve(path);
    this.#nodes.delete(full);
    this.#note(full);
  }

  /** The names in a directory, sorted, and what they stand for. */
  list(path: string): (readonly [name: string, node: DiskNode])[] {
    const full = resolve(path);
    const prefix = full === '/' ? '/' : `${full}/`;
    const found: (readonly [string, DiskNode])[] = [];
    for (const [name, node] of this.#nodes) {
      if (name.startsWith(prefix) && name.length > prefix.length && !name.includes('/', prefix.length))
        found.push([name.slice(prefix.length), node]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Makes the names of a directory durable. */
  syncNames(path: string): void {
    const full = resolve(path);
    for (const name of this.#changed.get(full) ?? []) this.#settle(name);
    this.#changed.delete(full);
  }

  /** Makes one name durable by itself, as file systems with a journal do for what is synced through it. */
  syncName(path: string): void {
    for (let name = resolve(path); name !== '/'; name = dirname(name)) this.#settle(name);
  }

  /** Does `act` when the disk has got round to it; never, where the life has ended by then. */
  async read<T>(act: () => T): Promise<T> {
    return this.#later(READ_MS, act);
  }

  /** A write that nobody relies on yet. */
  async write<T>(what: string, act: () => T): Promise<T> {
    return this.#later(WRITE_MS, () => {
      const fault = this.failing(what);
      if (fault !== undefined) throw systemError(fault.code, what);
      return act();
    });
  }

  /**
   * A write that the caller relies on once it is told. `spoil` is done in place of `act` where the write fails.
   * Gives what `act` gives; where the process is ended by it, nothing, ever.
   */
  async writeDurably<T>(what: string, act: () => T, spoil: (leaves: Leftover) => void = () => undefined): Promise<T> {
    return this.#later(this.draws.unit() * SYNC_MS_MAX, () => this.#durably(what, act, spoil));
  }

  /** The same without waiting, for what is written synchronously. */
  writeNow<T>(what: string, act: () => T): T {
    if (Life.current?.ended === true) throw new LifeEnded();
    const fault = this.failing(what);
    if (fault !== undefined) throw systemError(fault.code, what);
    return act();
  }

  #durably<T>(what: string, act: () => T, spoil: (leaves: Leftover) => void): T {
    const number = ++this.#durableWrites;
    let fault: WriteFault | undefined = this.failing(what);
    for (const decide of this.#armed) fault ??= decide({ number, what });
    if (fault?.kind === 'fails') {
      spoil(fault.leaves);
      throw systemError(fault.code, what);
    }
    if (fault?.kind === 'kills') {
      if (fault.when === 'after') act();
      this.#parts.kill();
      throw new LifeEnded();
    }
    return act();
  }

  #later<T>(delayMs: number, act: () => T): Promise<T> {
    const life = Life.current;
    return new Promise((resolve, reject) => {
      if (life?.ended === true) return;
      this.#parts.scheduler.after(delayMs * this.slowness, life, () => {
        try {
          resolve(act());
        } catch (error) {
          if (!(error instanceof LifeEnded)) reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  /** What the end of a process leaves: databases are free to be opened again. */
  release(): void {
    for (const node of this.#nodes.values()) if (node instanceof DatabaseFile) node.release();
  }

  losePower(): void {
    const { draws } = this;
    for (const names of this.#changed.values()) {
      // Some of the changes may have reached the disk without being asked to, in their order.
      for (const name of names.slice(0, draws.below(names.length + 1))) this.#settle(name);
    }
    this.#changed.clear();
    this.#nodes = new Map(this.#durable);
    for (const node of new Set(this.#nodes.values())) if (node !== 'directory') node.losePower(draws);
  }

  /** All that is durable now, to be brought back later: what a backup, or an image of the machine, holds. */
  image(): DiskImage {
    const copies = new Map<DiskNode, DiskNode>([['directory', 'directory']]);
    const copyOf = (node: DiskNode): DiskNode => {
      let copy = copies.get(node);
      if (copy === undefined) copies.set(node, (copy = node === 'directory' ? node : node.durableCopy()));
      return copy;
    };
    return { nodes: new Map([...this.#durable].map(([path, node]) => [path, copyOf(node)])) };
  }

  /** Takes a directory away, with all that is in it, from under whoever uses it; gives what was durable there. */
  takeAway(path: string): DiskImage {
    const nodes = new Map([...this.image().nodes].filter(([name]) => isIn(path, name)));
    for (const names of [this.#nodes, this.#durable])
      for (const name of names.keys()) if (isIn(path, name)) names.delete(name);
    for (const name of this.#changed.keys()) if (isIn(path, name)) this.#changed.delete(name);
    return { nodes };
  }

  /** Puts a directory in the place of what is there, as it is in an image, which is used up. */
  putBack(path: string, { nodes }: DiskImage): void {
    this.takeAway(path);
    for (const [name, node] of nodes) {
      if (!isIn(path, name)) continue;
      this.#nodes.set(name, node);
      this.#durable.set(name, node);
    }
  }

  /** A new, empty disk in its place. */
  wipe(): void {
    this.restore({ nodes: new Map([['/', 'directory']]) });
  }

  /** Brings an image back. It is used up: what is written from now on is written to it. */
  restore({ nodes }: DiskImage): void {
    this.#nodes = new Map(nodes);
    this.#durable = new Map(nodes);
    this.#changed.clear();
  }

  #note(full: string): void {
    const parent = dirname(full);
    const names = this.#changed.get(parent);
    if (names === undefined) this.#changed.set(parent, [full]);
    else names.push(full);
  }

  #settle(full: string): void {
    const node = this.#nodes.get(full);
    if (node === undefined) this.#durable.delete(full);
    else this.#durable.set(full, node);
  }
}

function isIn(path: string, name: string): boolean {
  return name === path || name.startsWith(`${path}/`);
}

/** What was on a disk at one moment. */
export interface DiskImage {
  readonly nodes: ReadonlyMap<string, DiskNode>;
}
