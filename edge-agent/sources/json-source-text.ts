interface ReviverContext {
  /** The text that a plain value was written as; absent for objects and arrays. */
  readonly source?: string;
}

type Reviver = (name: string, value: unknown, context: ReviverContext) => unknown;

// The type library of TypeScript 7.0 doesn't know the third argument of revivers yet (ECMA-262, proposal "JSON.parse
// source text access", in V8 since 11.4).
const parseWithSource = JSON.parse as unknown as (text: string, reviver: Reviver) => unknown;

/**
 * A text that may hold a number of more than fifteen digits, or one beyond the doubles. Any other number is the shortest
 * decimal of the double that it is read as, so `String` gives back what was written.
 */
const MAY_LOSE_DIGITS = /[\d.]{17}|[eE][+-]?\d{3}/;

/**
 * Parses JSON (RFC 8259) so that no digit is lost: a number that a double might not carry comes as its text, where
 * `isValue` says so of the name it has, written as `textOf` writes it. Throws what JSON.parse throws. (Asking for the text of every number makes
 * parsing eight times slower, so it is asked for only where it may matter.)
 */
export function parseJsonExactly(
  text: string,
  isValue: (name: string) => boolean,
  textOf = (source: string, _name: string): string => source,
): unknown {
  if (!MAY_LOSE_DIGITS.test(text)) return JSON.parse(text) as unknown;
  return parseWithSource(text, (name, value, { source }) =>
    typeof value === 'number' && isValue(name) ? textOf(source!, name) : value,
  );
}
