import { createHash } from 'node:crypto';

/**
 * Lines of JSON, each with the SHA-256 of the line before it at its end, `"previous"`: who changes, removes or puts in one has to
 * write all that follow anew. What is cut from the end is seen beside a head that was noted elsewhere.
 */
export interface ChainHead {
  /** How many lines there are. */
  readonly count: number;
  /** The SHA-256 of the last one, in hexadecimal; NO_LINE where there is none. */
  readonly hash: string;
}

/** Stands before the first line. */
export const NO_LINE = '0'.repeat(64);
export const EMPTY_CHAIN: ChainHead = { count: 0, hash: NO_LINE };

/** The next line of a chain, without a line end, and the head that it makes. */
export function chained(
  facts: object,
  { count, hash }: ChainHead,
): { readonly line: string; readonly head: ChainHead } {
  const line = JSON.stringify({ n: count + 1, ...facts, previous: hash });
  return { line, head: headOf(line, count + 1) };
}

/** The head that a chain has whose last line is this. */
export function headOf(line: string, count: number): ChainHead {
  return { count, hash: createHash('sha256').update(line).digest('hex') };
}

/** The facts of a line behind `head`; undefined where it isn't the next one. */
export function followedBy(head: ChainHead, line: string): Readonly<Record<string, unknown>> | undefined {
  const parsed = parseLine(line);
  return parsed?.['previous'] === head.hash && parsed['n'] === head.count + 1 ? parsed : undefined;
}

/** A line as an object, whatever stands before it; undefined where it is none. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
