/** What is wrong with a series that somebody declared. */
export type SeriesFaultCode =
  | 'shape' // no object
  | 'missing' // a field isn't there
  | 'unknown' // a field that no series has
  | 'text' // no text, or empty, too long, or with control characters
  | 'number' // no integer, or out of its range
  | 'choice' // none of the values that the field may have
  | 'tags'; // too many, badly named, or without the device

export interface SeriesFault {
  readonly kind: 'series-fault';
  readonly code: SeriesFaultCode;
  /** The field, as `metric` or `tags.region`. */
  readonly field: string;
  /** Subject and rule, for people. */
  readonly message: string;
}

export function seriesFault(code: SeriesFaultCode, field: string, rule: string): SeriesFault {
  return { kind: 'series-fault', code, field, message: `series field ${field} ${rule}` };
}
