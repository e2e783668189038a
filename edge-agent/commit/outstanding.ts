import { type FrameSpan, joinedSpans } from '#core/ledger/frame-spans.ts';
import { HEARTBEAT_SPANS_MAX } from '#core/wire/heartbeat.ts';
import type { NumberedFrame } from '../seal/frame-writer.ts';

/** Spans that are kept; an agent that is cut off for long takes neighbours together. */
const SPANS_MAX = 256;

/**
 * The frames of this incarnation that the broker has not acknowledged, with the event time that they reach: should one be
 * lost, only that much is in doubt. Births are in none of the spans, since what waits for them may be anything.
 */
export class Outstanding {
  #spans: readonly FrameSpan[] = [];

  made(frames: readonly NumberedFrame[]): void {
    const spans = frames.flatMap(({ sequence, extent }) =>
      extent === null
        ? []
        : [{ from: sequence, to: sequence, earliestMs: extent.earliestMs, latestMs: extent.latestMs }],
    );
    if (spans.length > 0) this.#spans = joinedSpans([...this.#spans, ...spans], SPANS_MAX);
  }

  /** What a heartbeat tells, where everything below `firstNumber` is acknowledged. */
  told(firstNumber: number): readonly FrameSpan[] {
    if (this.#spans.length > 0) this.#spans = this.#spans.filter(({ to }) => to >= firstNumber);
    return joinedSpans(this.#spans, HEARTBEAT_SPANS_MAX);
  }
}
