import { isIntegerWithin } from '#core/wire/message-fault.ts';

/** What a position token says: which state of a view an answer was made from. */
export interface PositionToken {
  /**
   * Which run of a server says so. A server that was set back to an older copy of its disk comes to the same positions by
   * other records, so what one run has told is nothing that another can go on from.
   */
  readonly run: string;
  readonly version: number;
  /** Position of the batch part's cut per partition. */
  readonly cut: readonly number[];
  /** Position that the changes reach, per partition. */
  readonly positions: ReadonlyMap<number, number>;
}

/** Longer texts are no token: a partition takes some 30 characters, and a log has at most a few hundred of them. */
const TOKEN_LENGTH_MAX = 16_384;

/** An opaque token: base64url (RFC 4648 §5) of run, version, cut and positions as JSON. */
export function writePositionToken({ run, version, cut, positions }: PositionToken): string {
  const vector = [...positions].toSorted(([a], [b]) => a - b);
  return Buffer.from(JSON.stringify([run, version, cut, vector])).toString('base64url');
}

/** What a token says, or undefined for a text that is none. */
export function readPositionToken(text: string): PositionToken | undefined {
  if (text.length > TOKEN_LENGTH_MAX) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed) || parsed.length !== 4) return undefined;
  const [run, version, cut, vector] = parsed as readonly unknown[];
  if (typeof run !== 'string') return undefined;
  if (!isPosition(version) || !Array.isArray(cut) || !cut.every(isPosition)) return undefined;
  if (!Array.isArray(vector) || !vector.every(isPair)) return undefined;
  return { run, version, cut, positions: new Map(vector) };
}

function isPair(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isPosition);
}

function isPosition(value: unknown): value is number {
  return isIntegerWithin(value, 0, Number.MAX_SAFE_INTEGER);
}
