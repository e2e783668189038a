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
