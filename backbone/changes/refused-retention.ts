/** Refused frames and reports that are kept of a partition, for people to look at; the log and the archive have all. */
export const REFUSED_ROWS_MAX = 10_000;
/** What they may take together: a report has half a megabyte at the most. */
export const REFUSED_BYTES_MAX = 64 * 1024 * 1024;
/** Rows that are dropped with one commit, so that none becomes long where there are many more than are kept. */
export const REFUSED_DROPS_MAX = 1_000;

/** Which of the refused rows of one partition are kept: the newest, as many as the limits allow, and one at least. */
export class RefusedRetention {
  /** Oldest first. */
  #rows: { readonly position: number; readonly bytes: number }[] = [];
  #bytes = 0;

  /** Takes up a row that is kept, in the order of the positions. */
  add(position: number, bytes: number): void {
    this.#rows.push({ position, bytes });
    this.#bytes += bytes;
  }

  /** The positions of rows that are to be dropped now; they count as gone. */
  takeExcess(): number[] {
    let count = 0;
    while (count < REFUSED_DROPS_MAX && this.#isOver(count)) this.#bytes -= this.#rows[count++]!.bytes;
    return this.#rows.splice(0, count).map(({ position }) => position);
  }

  #isOver(gone: number): boolean {
    const left = this.#rows.length - gone;
    return left > 1 && (left > REFUSED_ROWS_MAX || this.#bytes > REFUSED_BYTES_MAX);
  }
}
