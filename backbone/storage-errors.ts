import { WeirError, reasonOf } from '#core/errors.ts';

/** Two processes (or two openings in one) want the same directory; only one may hold it. */
export class DirectoryInUse extends WeirError {
  readonly kind = 'directory-in-use';
  constructor(dir: string, options: { cause?: unknown } = {}) {
    super(
      `The directory ${dir} is held by another running weir. Stop that one, or give this one a directory of its own.`,
      { fault: 'world', ...options },
    );
  }
}

/** The data was written by a later Weir, in a form that this one doesn't know. Nothing has been changed in it. */
export class NewerFormat extends WeirError {
  readonly kind = 'newer-format';
  constructor(what: string, place: string, found: number, understood: number) {
    super(
      `The ${what} in ${place} has format ${found}; this weir reads formats up to ${understood}. ` +
        `Use the newer weir that wrote it; nothing has been changed.`,
      { fault: 'data' },
    );
  }
}

/** The directory holds something of Weir's, but not what was asked for, or a marker that can't be read. */
export class DirectoryMismatch extends WeirError {
  readonly kind = 'directory-mismatch';
  constructor(dir: string, wanted: string, found: string) {
    super(
      `The directory ${dir} should hold a ${wanted} but holds ${found}. Name the right directory, or an empty one.`,
      {
        fault: 'data',
      },
    );
  }
}

/** The directory can't be made, read or written (rights, a full or failing disk, damaged files). */
export class DirectoryUnusable extends WeirError {
  readonly kind = 'directory-unusable';
  constructor(dir: string, cause: unknown) {
    super(`The directory ${dir} can't be used: ${reasonOf(cause)}. Check its rights, its disk and its free space.`, {
      fault: 'world',
      cause,
    });
  }
}

/** The directory was removed or replaced under a store that has it open: what is written there is lost. */
export class DirectoryGone extends WeirError {
  readonly kind = 'directory-gone';
  constructor(dir: string) {
    super(
      `The directory ${dir} was removed or replaced while it was in use, so nothing can be kept there. ` +
        `Stop this weir, put the directory back where there is a copy, and start again.`,
      { fault: 'world' },
    );
  }
}

/** What to do about a store that doesn't answer, by the name that messages give it. */
const REMEDIES = {
  log: 'It is tried again',
  table: 'Check the disk and its free space; it goes on when there is room',
  'key-value store': 'Check it and try again; reading tells what is stored',
  archive: 'Check the disk; it is read again',
  'object store': 'Check it and its free space, and try again',
};

/** The stores of a backbone. */
export type StoreName = keyof typeof REMEDIES;

/** The store was disposed of; this call came after. */
export class StoreClosed extends WeirError {
  readonly kind = 'store-closed';
  constructor(store: StoreName, place: string) {
    super(`The ${store} at ${place} is closed. Open it again to use it.`, { fault: 'world' });
  }
}

/** The store doesn't answer, or refuses for a reason that may pass. What was to be changed may be changed or not. */
export class StoreUnavailable extends WeirError {
  readonly kind = 'store-unavailable';
  constructor(store: StoreName, place: string, cause: unknown, remedy = REMEDIES[store]) {
    // A reason that is a sentence itself brings its own full stop.
    super(`The ${store} at ${place} doesn't answer: ${reasonOf(cause).replace(/\.$/, '')}. ${remedy}.`, {
      fault: 'world',
      retryable: true,
      cause,
    });
  }
}

/** What was to be stored has more bytes than the store takes. */
export class TooLarge extends WeirError {
  readonly kind = 'too-large';
  constructor(what: string, bytes: number, bytesMax: number, remedy: string) {
    super(`${what} of ${bytes} bytes is larger than the ${bytesMax} bytes that are taken. ${remedy}.`, {
      fault: 'asked',
    });
  }
}

/** A name has characters or a length that not every store can hold. */
export class NameNotAllowed extends WeirError {
  readonly kind = 'name-not-allowed';
  constructor(name: string, what: string, allowed: string) {
    super(`${JSON.stringify(name)} can't be ${what}: use ${allowed}.`, { fault: 'asked' });
  }
}

/** Wraps the reason why a database can't be opened, which is its cause and says more. */
const WRAPPING_CODE = 'LEVEL_DATABASE_NOT_OPEN';

/** How Node's own codes begin: of assertions that fail and calls that are wrong, which say nothing of the system. */
const OWN_CODES = 'ERR_';

/** The system's code of an error (`ENOSPC`, `LEVEL_LOCKED`), looked for along its chain of causes. */
export function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < CAUSES_MAX; error = error.cause, depth++) {
    const code = 'code' in error ? error.code : undefined;
    if (typeof code === 'string' && code !== WRAPPING_CODE && !code.startsWith(OWN_CODES)) return code;
  }
  return undefined;
}

/** How deep a chain of causes is followed; one that is longer, or runs in a circle, isn't a system's error. */
const CAUSES_MAX = 8;
