/** What a failed write leaves on the disk: half of it, or all of it but for the sync that failed. */
export type Leftover = 'nothing' | 'half' | 'all';

/** What a disk does at a write instead of writing. */
export type WriteFault =
  /** Nothing is written, and the caller is told. */
  | { readonly kind: 'fails'; readonly code: 'ENOSPC' | 'EIO'; readonly leaves: Leftover }
  /** The process dies before the write, or after it and before it is told. */
  | { readonly kind: 'kills'; readonly when: 'before' | 'after' };

/** A write as the one who decides about faults sees it. */
export interface DurableWrite {
  /** Number of the write on its machine, from 1; only durable ones are counted. */
  readonly number: number;
  readonly what: string;
}

/** An error as the system gives it. */
export function systemError(code: string, what: string): NodeJS.ErrnoException {
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EEXIST: 'file already exists',
    ENOSPC: 'no space left on device',
    EIO: 'i/o error',
    ENOTDIR: 'not a directory',
    EISDIR: 'illegal operation on a directory',
    ENOTEMPTY: 'directory not empty',
    EBADF: 'bad file descriptor',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection reset by peer',
    EADDRINUSE: 'address already in use',
  };
  return Object.assign(new Error(`${code}: ${words[code] ?? 'failed'}, ${what}`), { code });
}
