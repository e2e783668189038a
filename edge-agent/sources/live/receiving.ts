/** What a piece of a body costs beside its bytes, so that one sent byte by byte is not thought to be small. */
export const PIECE_OVERHEAD_BYTES = 256;

/** A body that is being received. */
export interface ReceivedBody {
  /** Counts a piece that has come; may give up other bodies, or this one. */
  add(bytes: number): void;
  /** It has come, or will not. */
  end(): void;
}

/**
 * What all bodies that are being received hold in memory. They don't wait for one another, however slowly one comes;
 * when there is no room for what has come, the one that has been coming for the longest is given up.
 */
export class Receiving {
  readonly #bytesMax: number;
  /** In the order in which they began. */
  readonly #bodies = new Map<object, { bytes: number; readonly giveUp: () => void }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a body; `giveUp` is called at most once, and not after it has ended. */
  begin(giveUp: () => void): ReceivedBody {
    const key = {};
    const body = { bytes: 0, giveUp };
    this.#bodies.set(key, body);
    return {
      add: (bytes) => {
        if (!this.#bodies.has(key)) return;
        body.bytes += bytes + PIECE_OVERHEAD_BYTES;
        this.#bytes += bytes + PIECE_OVERHEAD_BYTES;
        for (const [oldest, { giveUp: giveUpOldest }] of this.#bodies) {
          if (this.#bytes <= this.#bytesMax) return;
          this.#remove(oldest);
          giveUpOldest();
        }
      },
      end: () => this.#remove(key),
    };
  }

  #remove(key: object): void {
    this.#bytes -= this.#bodies.get(key)?.bytes ?? 0;
    this.#bodies.delete(key);
  }
}
