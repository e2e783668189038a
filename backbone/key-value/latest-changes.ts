import type { KeyValueChange } from './key-value.ts';

/**
 * What a watcher has yet to see: the newest change of each key, so a slow watcher holds at most one entry per key. Keys
 * come out in the order in which they first changed since they were last taken.
 */
export class LatestChanges {
  readonly #changes = new Map<string, KeyValueChange>();
  #failure: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  put(change: KeyValueChange): void {
    const known = this.#changes.get(change.key);
    if (known !== undefined && known.revision >= change.revision) return;
    this.#changes.set(change.key, change);
    this.#wake?.();
  }

  /** Ends the watch: at once and well without an error, else by throwing it once all changes are taken. */
  end(failure?: Error): void {
    this.#failure = failure;
    this.#ended = true;
    this.#wake?.();
  }

  /** The changes as they come. `signal` ends it at once. */
  async *take(signal: AbortSignal): AsyncGenerator<KeyValueChange> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        const next = this.#changes.values().next();
        if (next.done !== true) {
          this.#changes.delete(next.value.key);
          yield next.value;
          continue;
        }
        if (this.#ended) {
          if (this.#failure !== undefined) throw this.#failure;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }
}
