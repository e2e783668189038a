/**
 * What every error of the backbone is: a typed statement about the world (a disk, a server, a caller's argument),
 * never about a mistake of our own, for which there is `assert`. `kind` tells the classes apart where `instanceof` can't
 * (across worker threads); `retryable` says whether the same call may succeed later with nothing changed by a person.
 * The message gives subject, values and remedy in one or two sentences.
 */
export abstract class BackboneError extends Error {
  abstract readonly kind: string;
  readonly retryable: boolean;

  protected constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryable = options.retryable;
  }
}

/** The text of whatever was thrown, for the tail of a message that explains a cause. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Wraps the reason why a database can't be opened, which is its cause and says more. */
const WRAPPING_CODE = 'LEVEL_DATABASE_NOT_OPEN';

/** The system's code of an error (`ENOSPC`, `LEVEL_LOCKED`), looked for along its chain of causes. */
export function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < CAUSES_MAX; error = error.cause, depth++) {
    if ('code' in error && typeof error.code === 'string' && error.code !== WRAPPING_CODE) return error.code;
  }
  return undefined;
}

/** How deep a chain of causes is followed; one that is longer, or runs in a circle, isn't a system's error. */
const CAUSES_MAX = 8;
