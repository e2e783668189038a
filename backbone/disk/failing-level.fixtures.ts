import type { OpenLevel } from './kept-level.ts';
import { openLevel } from './open-level.ts';

/**
 * Opens databases of which write number `failing` fails as LevelDB's do when the disk refuses: whatever is written
 * behind it is acknowledged, but the next opening doesn't find it.
 */
export function tearingAt(failing: number, message = 'IO error: 000005.log: Input/output error'): OpenLevel {
  let writes = 0;
  return async (dir, tuning) => {
    const level = await openLevel(dir, tuning);
    const write = level.batch.bind(level) as (operations: unknown, options: unknown) => Promise<void>;
    let isTorn = false;
    const batch = (operations: unknown, options: unknown): Promise<void> => {
      if (++writes === failing) {
        isTorn = true;
        return Promise.reject(new Error(message));
      }
      return isTorn ? Promise.resolve() : write(operations, options);
    };
    return Object.assign(level, { batch });
  };
}
