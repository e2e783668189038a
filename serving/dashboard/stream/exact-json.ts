/**
 * A number of an answer: a double where that holds all the digits that were written, else the text itself, so that
 * `String(x)` always shows what the server said and `Number(x)` is good enough to draw.
 */
export type Exact = number | string;

/** What a reviver is told about the place of a value in the text (ECMA-262, JSON.parse source text access). */
interface ReviverContext {
  readonly source?: string;
}

/**
 * Parses JSON without losing digits: a number that a double does not hold as written comes back as its text. An engine
 * without source text access gives doubles. Throws SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  const parse: (text: string, revive: Reviver) => unknown = JSON.parse;
  return parse(text, (_key, value, context) => {
    if (typeof value !== 'number') return value;
    const source = context?.source;
    return source === undefined || source === String(value) ? value : source;
  });
}

type Reviver = (key: string, value: unknown, context?: ReviverContext) => unknown;
