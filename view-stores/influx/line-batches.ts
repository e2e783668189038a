import type { SlicePiece } from '#backbone/answers/slice-feed.ts';
import type { InfluxBucket, Written } from './influx-bucket.ts';

/** Bytes of a request, about: InfluxDB is fastest with some thousand points, and holds each request whole. */
export const BATCH_BYTES_MAX = 2 * 1024 * 1024;

interface Flight {
  readonly written: Promise<Written>;
  /** Pieces that are whole once it has landed. */
  readonly pieces: readonly SlicePiece[];
  readonly points: number;
}

/**
 * Gathers lines to batches and sends one after the other, never two at once: while one is under way the next is gathered,
 * which then waits. So two batches are in memory at most, and no older state of a slice can overtake a newer one.
 */
export class LineBatches {
  readonly #bucket: Pick<InfluxBucket, 'write'>;
  readonly #signal: AbortSignal;
  readonly #landed: (points: number, written: Written) => void;
  #lines: string[] = [];
  #bytes = 0;
  /** Pieces whose last line is in the batch that is gathered, and the one that is being cut into lines. */
  #ended: SlicePiece[] = [];
  #flight: Flight | undefined;

  constructor(
    bucket: Pick<InfluxBucket, 'write'>,
    signal: AbortSignal,
    landed: (points: number, written: Written) => void,
  ) {
    this.#bucket = bucket;
    this.#signal = signal;
    this.#landed = landed;
  }

  /** Whether the batch is large enough to be sent. */
  get isFull(): boolean {
    return this.#bytes >= BATCH_BYTES_MAX;
  }

  /** Adds a line. UTF-8 takes up to three times the length; mostly it is the same. */
  add(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length + 1;
  }

  /** All lines of a piece are added: it is done when the last of them is acknowledged. */
  end(piece: SlicePiece): void {
    this.#ended.push(piece);
  }

  /** Sends what is gathered once the batch before it has landed. Throws what the bucket throws. */
  async send(): Promise<void> {
    await this.#land();
    const points = this.#lines.length;
    const pieces = this.#ended;
    const text = this.#lines.join('\n');
    this.#lines = [];
    this.#bytes = 0;
    this.#ended = [];
    const written = points === 0 ? Promise.resolve({ kind: 'kept' as const }) : this.#bucket.write(text, this.#signal);
    // It is awaited when it lands; that may be after it has failed.
    written.catch(() => undefined);
    this.#flight = { written, pieces, points };
  }

  /** Sends what is gathered, and waits until everything has landed. */
  async finish(): Promise<void> {
    if (this.#lines.length > 0 || this.#ended.length > 0) await this.send();
    await this.#land();
  }

  /** Gives everything back that hasn't landed. */
  async giveUp(): Promise<void> {
    // What is under way is waited for: else it could overtake what is sent next.
    await this.#flight?.written.catch(() => undefined);
    for (const piece of [...(this.#flight?.pieces ?? []), ...this.#ended]) piece.putBack();
    this.#flight = undefined;
    this.#lines = [];
    this.#bytes = 0;
    this.#ended = [];
  }

  async #land(): Promise<void> {
    if (this.#flight === undefined) return;
    const { written, pieces, points } = this.#flight;
    const outcome = await written;
    this.#flight = undefined;
    for (const piece of pieces) piece.done();
    if (points > 0) this.#landed(points, outcome);
  }
}
