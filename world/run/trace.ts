/** What happened in a world, in its order, in words. The same seed gives the same lines. */
export class Trace {
  readonly lines: string[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  say(who: string, what: string): void {
    this.lines.push(`${(this.#nowMs() / 1000).toFixed(3).padStart(9)} s  ${who}: ${what}`);
  }
}
