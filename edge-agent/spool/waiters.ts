/** Those who wait for something to become true. Whoever may have made it true calls `wake`. */
export class Waiters {
  readonly #checks = new Set<() => void>();

  /** Resolves once `holds()`, asked now and at each `wake`, says true; rejects with the reason when the signal aborts. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#checks.delete(check);
        signal.removeEventListener('abort', abort);
      };
      const check = (): void => {
        if (!holds()) return;
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      this.#checks.add(check);
      signal.addEventListener('abort', abort);
      check();
    });
  }

  wake(): void {
    // A check that leaves, and one that comes meanwhile, change the set; a set is safe to walk through while it changes.
    for (const check of this.#checks) check();
  }
}
