/** Frame numbers from `from` to `to`, and the event time that anything in these frames reaches, both included. */
export interface FrameSpan {
  readonly from: number;
  readonly to: number;
  readonly earliestMs: number;
  readonly latestMs: number;
}

/**
 * Frames by their numbers with the event time that they reach, so that one of them which is lost makes only the windows
 * incomplete that it could have counted in. What is told later of a number replaces what was told before.
 */
export class FrameSpans {
  readonly #max: number;
  #spans: readonly FrameSpan[];

  /** Neighbours are taken together where there are more than `max`, and the oldest are let go of where none are left. */
  constructor(max: number, spans: readonly FrameSpan[] = []) {
    this.#max = max;
    this.#spans = spans;
  }

  /** In the order of their numbers, apart from each other. */
  get all(): readonly FrameSpan[] {
    return this.#spans;
  }

  tell(told: readonly FrameSpan[]): void {
    for (const span of told) {
      const rest = this.#spans.flatMap((known) => without(known, span));
      this.#spans = [...rest, span].toSorted((a, b) => a.from - b.from);
    }
    this.#spans = joinedSpans(this.#spans, this.#max);
  }

  /** Keeps the spans that hold a wanted number. */
  keep(isWanted: (span: FrameSpan) => boolean): void {
    if (this.#spans.length > 0) this.#spans = this.#spans.filter(isWanted);
  }

  /** The spans that hold some of the numbers; undefined where one of the numbers is in none. */
  covering(from: number, to: number): readonly FrameSpan[] | undefined {
    const found = this.#spans.filter((span) => span.from <= to && span.to >= from);
    let next = from;
    for (const span of found) {
      if (span.from > next) return undefined;
      next = span.to + 1;
    }
    return next > to ? found : undefined;
  }
}

/** At most `max` spans, which reach as far in event time: neighbours joined, and the oldest left out where that is not enough. */
export function joinedSpans(spans: readonly FrameSpan[], max: number): readonly FrameSpan[] {
  let joined = spans;
  while (joined.length > max) {
    const pairs: FrameSpan[] = [];
    for (let i = 0; i < joined.length; i++) {
      const [one, next] = [joined[i]!, joined[i + 1]];
      if (next === undefined || next.from !== one.to + 1) {
        pairs.push(one);
        continue;
      }
      const earliestMs = Math.min(one.earliestMs, next.earliestMs);
      pairs.push({ from: one.from, to: next.to, earliestMs, latestMs: Math.max(one.latestMs, next.latestMs) });
      i++;
    }
    if (pairs.length === joined.length) return joined.slice(-max);
    joined = pairs;
  }
  return joined;
}

/** What is left of a span without the numbers of another. */
function without(span: FrameSpan, { from, to }: FrameSpan): FrameSpan[] {
  const left: FrameSpan[] = [];
  if (span.from < from) left.push({ ...span, to: Math.min(span.to, from - 1) });
  if (span.to > to) left.push({ ...span, from: Math.max(span.from, to + 1) });
  return left;
}
