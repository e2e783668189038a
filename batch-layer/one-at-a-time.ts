const tails = new WeakMap<object, Promise<unknown>>();

/** Runs `act` after everything that was given before for the same `key` has ended, however it ended. */
export function oneAtATime<T>(key: object, act: () => Promise<T>): Promise<T> {
  const before = tails.get(key) ?? Promise.resolve();
  const run = before.then(act, act);
  tails.set(key, run);
  return run;
}
