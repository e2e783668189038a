import type { FrameSpan } from '../ledger/frame-spans.ts';
import type { SeriesName } from '../series/series.ts';

/**
 * What stands in the log. The broker (or the batch layer, for cuts) writes each record once; every fold reads only
 * what is written here and has no clock of its own, so any reader of the same prefix reaches the same state.
 */

/** The verdict is given once, by the broker, and logged with the frame (docs/design.md#the-verdict-is-given-once). */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

export const ACCEPTED: Verdict = { kind: 'accepted' };

/** What an agent says between frames: how far it got, and whether it ended tidily. */
export interface Heartbeat {
  readonly incarnation: number;
  /** Highest sequence number that the agent has spooled in this incarnation; 0 when none. */
  readonly highestSequence: number;
  readonly watermarkMs: number | null;
  /** True in the last heartbeat of an incarnation that ended tidily: no number above `highestSequence` will come. */
  readonly closed: boolean;
  /**
   * Frames that were not acknowledged when it was told, by their numbers, ascending, with the event time that they reach.
   * Of births, and of frames of a number that is not told, nobody knows what they would have held. Left out: none.
   */
  readonly outstanding?: readonly FrameSpan[];
}

/** A row, or rows, that a source refused. */
export interface RefusedItem {
  readonly line: number;
  /** Readings that the row would have given. */
  readonly readings: number;
  readonly reason: string;
  readonly text: string;
}

/** Rows that an agent's source refused, with where they stood. `sequence` tells a repeated report from a new one. */
export interface RefusalReport {
  readonly incarnation: number;
  readonly sequence: number;
  readonly source: string;
  readonly items: readonly RefusedItem[];
}

/**
 * What a person decided about an agent (docs/design.md#a-gateway-can-be-replaced). Each is an order that does nothing the
 * second time.
 */
export type AgentOrder =
  /** Life number `life` of the agent is over: its disk is lost, and it begins anew. */
  | { readonly kind: 'readmit'; readonly life: number }
  /** Its series belong to agent `to` from here on. */
  | { readonly kind: 'hand-over'; readonly to: string }
  /** It has the series of another agent from here on, which had told of event time up to `reachedMs`. */
  | { readonly kind: 'inherit'; readonly reachedMs: number }
  /** Nothing more is expected of it, unless it speaks again. */
  | { readonly kind: 'retire' }
  /** Nothing more is expected of a series of it from a time on, until it speaks again; its agent may say so itself. */
  | ({ readonly kind: 'end-series'; readonly fromMs: number } & SeriesName)
  /** Frames of its life number `life` are lost, and nobody waits for them any more. */
  | {
      readonly kind: 'give-up';
      readonly life: number;
      readonly incarnation: number;
      readonly from: number;
      readonly to: number;
    };

export type LogRecord =
  | {
      readonly kind: 'frame';
      readonly agent: string;
      readonly atMs: number;
      readonly verdict: Verdict;
      readonly frame: Uint8Array;
    }
  | { readonly kind: 'heartbeat'; readonly agent: string; readonly atMs: number; readonly heartbeat: Heartbeat }
  | { readonly kind: 'refusals'; readonly agent: string; readonly atMs: number; readonly report: RefusalReport }
  | { readonly kind: 'order'; readonly agent: string; readonly atMs: number; readonly order: AgentOrder }
  | { readonly kind: 'cut'; readonly id: string; readonly atMs: number };
