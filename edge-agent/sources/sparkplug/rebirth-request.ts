import { REBIRTH_AGAIN_MS, REBIRTH_AGAIN_MS_MAX } from './limits.ts';

/** When an edge node is to be asked for its births: not while they may still come by themselves, and not too often. */
export class RebirthRequest {
  #dueMs = Number.POSITIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  #againMs = REBIRTH_AGAIN_MS;

  /** Says that births are missed, and are to be asked for at `atMs` unless that would be too soon. */
  want(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, Math.max(atMs, this.#askedMs + this.#againMs));
  }

  /** They have come. */
  clear(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Whether to ask now; the caller does. Who has to be asked again and again is asked less often each time. */
  take(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    const isSoon = nowMs - this.#askedMs <= 2 * this.#againMs;
    this.#againMs = isSoon ? Math.min(2 * this.#againMs, REBIRTH_AGAIN_MS_MAX) : REBIRTH_AGAIN_MS;
    this.#askedMs = nowMs;
    this.#dueMs = Number.POSITIVE_INFINITY;
    return true;
  }
}
