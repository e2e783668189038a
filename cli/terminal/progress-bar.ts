const REDRAW_MS = 100;
const BAR_CELLS = 24;
const WIDTH_DEFAULT = 80;
const CLEAR_LINE = '\r\u001b[K';

/** How far long work has come. `done` and `total` are in the same unit; without a total there is no bar, only words. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly total?: number;
}

/** Where a bar is drawn. */
type ProgressOutput = Pick<typeof process.stderr, 'isTTY' | 'columns'> & { write(text: string): unknown };

/**
 * A line on standard error that shows how far long work has come: on a terminal only, nothing in a pipe. The line is
 * drawn at most every REDRAW_MS, and is gone when the bar ends.
 */
export class ProgressBar implements Disposable {
  readonly #out: ProgressOutput;
  readonly #nowMs: () => number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(out: ProgressOutput = process.stderr, nowMs = (): number => performance.now()) {
    this.#out = out;
    this.#nowMs = nowMs;
  }

  show(progress: Progress): void {
    if (!this.#out.isTTY) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    // A terminal that doesn't tell its width says 0.
    const width = this.#out.columns || WIDTH_DEFAULT;
    this.#out.write(CLEAR_LINE + formatProgress(progress).slice(0, width - 1));
  }

  [Symbol.dispose](): void {
    if (this.#out.isTTY) this.#out.write(CLEAR_LINE);
  }
}

/** `████████░░░░  42 %  label`, or the label alone where nobody knows how much there is. */
export function formatProgress({ label, done, total }: Progress): string {
  if (total === undefined || total <= 0) return label;
  const share = Math.min(1, done / total);
  const full = Math.floor(share * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)} %  ${label}`;
}
