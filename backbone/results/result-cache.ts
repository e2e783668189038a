/** A value and the memory it takes. */
export interface Weighed<T> {
  readonly value: T;
  readonly bytes: number;
}

interface Kept<T> {
  readonly value: Promise<T>;
  /** 0 while it is being made. */
  bytes: number;
}

/**
 * Keeps what was made last, up to a limit of bytes; what was not used for longest goes first. One value may be larger
 * than the limit: it is given, and kept until the next. Whoever asks for a value that is being made waits for it; a
 * failure is not kept.
 */
export class ResultCache<T> {
  readonly #bytesMax: number;
  readonly #kept = new Map<string, Kept<T>>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of everything that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, make: () => Promise<Weighed<T>>): Promise<T> {
    const present = this.#kept.get(key);
    if (present !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, present);
      return present.value;
    }
    const made = make();
    const kept: Kept<T> = { value: made.then(({ value }) => value), bytes: 0 };
    this.#kept.set(key, kept);
    made.then(
      ({ bytes }) => this.#weigh(key, kept, bytes),
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.value;
  }

  #weigh(key: string, kept: Kept<T>, bytes: number): void {
    if (this.#kept.get(key) !== kept) return;
    kept.bytes = bytes;
    this.#bytes += bytes;
    for (const [oldest, one] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) return;
      if (oldest === key) continue;
      this.#bytes -= one.bytes;
      this.#kept.delete(oldest);
    }
  }
}
