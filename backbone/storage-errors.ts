import { WeirError, reasonOf } from '#core/errors.ts';

/** Two processes (or two openings in one) want the same directory; only one may hold it. */
export class DirectoryInUse extends WeirError {
  readonly kind = 'directory-in-use';
  readonly dir: string;
  constructor(dir: string, options: { cause?: unknown } = {}) {
    super(
      `The directory ${dir} is held by another running weir. Stop that one, or give this one a directory of its own.`,
      { fault: 'world', ...options },
    );
    this.dir = dir;
  }
}

/** The data was written by a later Weir, in a form that this one doesn't know. Nothing has been changed in it. */
export class NewerFormat extends WeirError {
  readonly kind = 'newer-format';
  readonly place: string;
  readonly found: number;
  readonly understood: number;
  constructor(what: string, place: string, found: number, understood: number) {
    super(
      `The ${what} in ${place} has format ${found}; this weir reads formats up to ${understood}. ` +
        `Use the newer weir that wrote it; nothing has been changed.`,
      { fault: 'data' },
    );
    this.place = place;
    this.found = found;
    this.understood = understood;
  }
}

/** The directory holds something of Weir's, but not what was asked for, or a marker that can't be read. */
export class DirectoryMismatch extends WeirError {
  readonly kind = 'directory-mismatch';
  readonly dir: string;
  constructor(dir: string, wanted: string, found: string) {
    super(
      `The directory ${dir} should hold a ${wanted} but holds ${found}. Name the right directory, or an empty one.`,
      {
        fault: 'data',
      },
    );
    this.dir = dir;
  }
}

/** The directory can't be made, read or written (rights, a full or failing disk, damaged files). */
export class DirectoryUnusable extends WeirError {
  readonly kind = 'directory-unusable';
  readonly dir: string;
  constructor(dir: string, cause: unknown) {
    super(`The directory ${dir} can't be used: ${reasonOf(cause)}. Check its rights, its disk and its free space.`, {
      fault: 'world',
      cause,
    });
    this.dir = dir;
  }
}
