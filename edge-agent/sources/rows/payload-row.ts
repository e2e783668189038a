import type { JsonObject } from '../ndjson/json-fields.ts';

/** One of several rows that a payload holds by its own format. */
export interface PayloadRow {
  readonly kind: 'row';
  readonly fields: JsonObject;
  /** When it was measured, where it says so; ms since 1970, whole. */
  readonly atMs: number | null;
}

/** A part of a payload that can't be read, or all of it, and why. */
export interface PayloadFault {
  readonly kind: 'fault';
  readonly reason: string;
  readonly text: string;
}
