import { dirname, resolve } from 'node:path';
import { DatabaseFile } from './database-file.ts';
import { systemError } from './disk-fault.ts';
import type { Disk, DiskNode } from './disk.ts';
import { Life, LifeEnded } from './life.ts';
import { machineOf } from './machine.ts';
import { OpenFiles } from './open-files.ts';
import { PlainFile } from './plain-file.ts';

/** What the product asks of `node:fs/promises`, on the disk of the machine that the caller lives on. */
export const simulatedFiles = {
  async open(path: string, flags = 'r'): Promise<SimulatedFileHandle> {
    const disk = diskOfCaller();
    return disk.read(() => new SimulatedFileHandle(disk, path, openFile(disk, path, flags)));
  },

  async readFile(path: string, encoding?: BufferEncoding | { readonly encoding?: BufferEncoding }) {
    const disk = diskOfCaller();
    const bytes = await disk.read(() => Buffer.from(plain(disk.require(path, 'open'), path).bytes));
    const named = typeof encoding === 'string' ? encoding : encoding?.encoding;
    return named === undefined ? bytes : bytes.toString(named);
  },

  async writeFile(path: string, bytes: Uint8Array | string): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`write '${path}'`, () => {
      const file = plain(openFile(disk, path, 'w'), path);
      file.write(Buffer.from(bytes), 0, disk.clockMs);
    });
  },

  async appendFile(path: string, bytes: Uint8Array | string): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`append '${path}'`, () => {
      const file = plain(openFile(disk, path, 'a'), path);
      file.write(Buffer.from(bytes), file.size, disk.clockMs);
    });
  },

  async readdir(path: string, options?: { readonly withFileTypes?: boolean }) {
    const disk = diskOfCaller();
    return disk.read(() => {
      if (disk.require(path, 'scandir') !== 'directory') throw systemError('ENOTDIR', `scandir '${path}'`);
      const entries = disk.list(path);
      if (options?.withFileTypes !== true) return entries.map(([name]) => name);
      return entries.map(([name, node]) => ({ name, parentPath: path, ...kindOf(node) }));
    });
  },

  async stat(path: string) {
    const disk = diskOfCaller();
    return disk.read(() => statAt(disk, path));
  },

  async unlink(path: string): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`unlink '${path}'`, () => {
      disk.require(path, 'unlink');
      disk.remove(path);
    });
  },

  async rm(path: string, options: { readonly recursive?: boolean; readonly force?: boolean } = {}): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`rm '${path}'`, () => {
      if (disk.node(path) === undefined && options.force === true) return;
      removeTree(disk, path, options.recursive === true);
    });
  },

  async link(from: string, to: string): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`link '${from}' -> '${to}'`, () => {
      const node = disk.require(from, 'link');
      if (disk.node(to) !== undefined) throw systemError('EEXIST', `link '${from}' -> '${to}'`);
      disk.put(to, node, 'link');
    });
  },

  async rename(from: string, to: string): Promise<void> {
    const disk = diskOfCaller();
    await disk.write(`rename '${from}' -> '${to}'`, () => {
      const node = disk.require(from, 'rename');
      disk.put(to, node, 'rename');
      disk.remove(from);
    });
  },

  async mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<string | undefined> {
    const disk = diskOfCaller();
    return disk.write(`mkdir '${path}'`, () => makeDirectory(disk, path, options.recursive === true));
  },

  async mkdtemp(prefix: string): Promise<string> {
    const disk = diskOfCaller();
    return disk.write(`mkdtemp '${prefix}'`, () => {
      const path = `${prefix}${disk.draws.word().toString(36)}`;
      makeDirectory(disk, path, true);
      return path;
    });
  },

  /** What is asked of the file system as a whole: that it is no memory, and what room it has. */
  async statfs() {
    const disk = diskOfCaller();
    const isFull = disk.failing()?.code === 'ENOSPC';
    return { type: 0xef53, bsize: BLOCK_BYTES, bavail: isFull ? 0 : FREE_BLOCKS };
  },
};

/** The same for `node:fs`. The calling thread waits, so time doesn't move. */
export const simulatedSynchronousFiles = {
  statSync(path: string) {
    return statAt(diskOfCaller(), path);
  },

  openSync(path: string, flags = 'r'): number {
    const disk = diskOfCaller();
    const open = (): PlainFile => plain(openFile(disk, path, flags), path);
    return openFilesOfCaller().add(flags === 'r' ? open() : disk.writeNow(`open '${path}'`, open));
  },

  fstatSync(descriptor: number) {
    return { size: openFilesOfCaller().get(descriptor).size };
  },

  closeSync(descriptor: number): void {
    openFilesOfCaller().remove(descriptor);
  },

  readSync(descriptor: number, into: Uint8Array, at: number, length: number, from: number): number {
    return openFilesOfCaller().get(descriptor).read(into, at, length, from);
  },

  writeSync(descriptor: number, bytes: Uint8Array, at: number, length: number, to: number): number {
    const disk = diskOfCaller();
    return disk.writeNow(`write to file ${descriptor}`, () => {
      openFilesOfCaller()
        .get(descriptor)
        .write(bytes.subarray(at, at + length), to, disk.clockMs);
      return length;
    });
  },

  existsSync(path: string): boolean {
    return diskOfCaller().node(path) !== undefined;
  },
};

const OPEN_FILES = new WeakMap<Life, OpenFiles>();

function openFilesOfCaller(): OpenFiles {
  const life = callerLife();
  let files = OPEN_FILES.get(life);
  if (files === undefined) OPEN_FILES.set(life, (files = new OpenFiles()));
  return files;
}

function callerLife(): Life {
  const life = Life.current;
  if (life === undefined) throw new Error('only processes of the world have simulated disks');
  if (life.ended) throw new LifeEnded();
  return life;
}

function diskOfCaller(): Disk {
  const life = Life.current;
  if (life === undefined) throw new Error('only processes of the world have simulated disks');
  return machineOf(life).disk;
}

/** An open file, as `node:fs/promises` gives it; a directory can be opened to sync its names. */
class SimulatedFileHandle implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #node: PlainFile | 'directory';
  #closed = false;

  constructor(disk: Disk, path: string, node: PlainFile | 'directory') {
    this.#disk = disk;
    this.#path = path;
    this.#node = node;
  }

  async read(into: Uint8Array, at: number, length: number, from: number): Promise<{ bytesRead: number }> {
    const file = this.#file();
    return this.#disk.read(() => ({ bytesRead: file.read(into, at, length, from) }));
  }

  async write(bytes: Uint8Array, at: number, length: number, to: number): Promise<{ bytesWritten: number }> {
    const file = this.#file();
    return this.#disk.write(`write '${this.#path}'`, () => {
      file.write(bytes.subarray(at, at + length), to, this.#disk.clockMs);
      return { bytesWritten: length };
    });
  }

  async writeFile(bytes: Uint8Array | string): Promise<void> {
    const file = this.#file();
    await this.#disk.write(`write '${this.#path}'`, () => file.write(Buffer.from(bytes), 0, this.#disk.clockMs));
  }

  async readFile(): Promise<Buffer> {
    const file = this.#file();
    return this.#disk.read(() => Buffer.from(file.bytes));
  }

  async stat() {
    return this.#disk.read(() => statsOf(this.#node));
  }

  async truncate(size: number): Promise<void> {
    const file = this.#file();
    await this.#disk.write(`truncate '${this.#path}'`, () => file.truncate(size, this.#disk.clockMs));
  }

  async sync(): Promise<void> {
    const node = this.#node;
    await this.#disk.writeDurably(`sync ${this.#path}`, () => {
      if (node === 'directory') this.#disk.syncNames(this.#path);
      else node.sync();
    });
  }

  datasync(): Promise<void> {
    return this.sync();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #file(): PlainFile {
    if (this.#closed || this.#node === 'directory') throw systemError('EBADF', `file '${this.#path}'`);
    return this.#node;
  }
}

function openFile(disk: Disk, path: string, flags: string): PlainFile | 'directory' {
  const present = disk.node(path);
  const makes = flags.startsWith('w') || flags.startsWith('a');
  if (present === undefined) {
    if (!makes) throw systemError('ENOENT', `open '${path}'`);
    const made = new PlainFile(disk.clockMs);
    disk.put(path, made, 'open');
    return made;
  }
  if (flags.includes('x')) throw systemError('EEXIST', `open '${path}'`);
  // A directory is opened only to be synced; whoever reads or writes it is told by the handle.
  if (present === 'directory' && flags === 'r') return present;
  const file = plain(present, path);
  if (flags.startsWith('w')) file.truncate(0, disk.clockMs);
  return file;
}

function plain(node: DiskNode, path: string): PlainFile {
  if (node instanceof PlainFile) return node;
  throw systemError('EISDIR', `open '${path}'`);
}

function makeDirectory(disk: Disk, path: string, recursive: boolean): string | undefined {
  const full = resolve(path);
  if (disk.node(full) !== undefined) {
    if (recursive) return undefined;
    throw systemError('EEXIST', `mkdir '${path}'`);
  }
  const first = recursive ? makeDirectory(disk, dirname(full), true) : undefined;
  disk.put(full, 'directory', 'mkdir');
  return first ?? full;
}

function removeTree(disk: Disk, path: string, recursive: boolean): void {
  const children = disk.require(path, 'rm') === 'directory' ? disk.list(path) : [];
  if (children.length > 0 && !recursive) throw systemError('ENOTEMPTY', `rm '${path}'`);
  for (const [name] of children) removeTree(disk, `${path}/${name}`, true);
  disk.remove(path);
}

/** A database's files are one thing here: each of them is as much the database's as any other. */
function statAt(disk: Disk, path: string) {
  const parent = disk.node(dirname(path));
  return statsOf(parent instanceof DatabaseFile ? parent : disk.require(path, 'stat'));
}

const BLOCK_BYTES = 4096;
/** A disk that isn't full has room for all that a world writes. */
const FREE_BLOCKS = 2 ** 28;

const inodes = new WeakMap<object, number>();
let lastInode = 1;

/** The number of a file: another one's is another. Directories have one in common, as nobody asks for theirs. */
function inodeOf(node: DiskNode): number {
  if (node === 'directory') return 1;
  let inode = inodes.get(node);
  if (inode === undefined) inodes.set(node, (inode = ++lastInode));
  return inode;
}

function statsOf(node: DiskNode) {
  const size = node instanceof PlainFile ? node.size : 0;
  const mtimeMs = node instanceof PlainFile ? node.modifiedMs : 0;
  return { dev: 1, ino: inodeOf(node), size, mtimeMs, mtime: new Date(mtimeMs), ...kindOf(node) };
}

function kindOf(node: DiskNode): { isFile(): boolean; isDirectory(): boolean } {
  // LevelDB's databases are directories to everyone else.
  return {
    isFile: () => node instanceof PlainFile,
    isDirectory: () => node === 'directory' || node instanceof DatabaseFile,
  };
}
