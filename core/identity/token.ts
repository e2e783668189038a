import { createHash, timingSafeEqual } from 'node:crypto';

/** Whom a token is of. */
export type TokenKind = 'agent' | 'token';

/** What a token is made of: `weir_agent_ID_SECRET`, by which scanners for leaked secrets know it. */
export interface TokenParts {
  readonly kind: TokenKind;
  /** Names the token where it must not be told, as in lists and logs. */
  readonly id: string;
}

const ID_BYTES = 6;
/** Nobody guesses so much, so a fast hash of it is as good as a slow one. */
const SECRET_BYTES = 32;

/** Characters of RFC 9110's `token` all of them, so that a token may stand in every header. */
const TOKEN = /^weir_(agent|token)_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The longest text that is looked at. */
export const TOKEN_CHARACTERS_MAX = 69;

/** A token that was just made: `text` is told once, `id` and `hash` are kept. */
export interface NewToken {
  readonly text: string;
  readonly id: string;
  readonly hash: string;
}

/** Makes a token; `random` gives so many bytes that nobody can foretell. */
export function makeToken(kind: TokenKind, random: (bytes: number) => Uint8Array): NewToken {
  const id = Buffer.from(random(ID_BYTES)).toString('hex');
  const text = `weir_${kind}_${id}_${Buffer.from(random(SECRET_BYTES)).toString('base64url')}`;
  return { text, id, hash: hashToken(text) };
}

/** What a text says that has the form of a token; undefined where it has another. */
export function parseToken(text: string): TokenParts | undefined {
  if (text.length > TOKEN_CHARACTERS_MAX) return undefined;
  const [, kind, id] = TOKEN.exec(text) ?? [];
  return id === undefined ? undefined : { kind: kind as TokenKind, id };
}

/** What is kept of a token: its SHA-256, in hexadecimal. */
export function hashToken(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Kept of no token. */
const NO_HASH = '0'.repeat(64);

/** Whether a text is the token that was hashed; takes as long whatever differs, and where there is no hash. */
export function isToken(text: string, hash: string | null | undefined): boolean {
  const kept = Buffer.from(hash ?? NO_HASH, 'hex');
  const given = Buffer.from(hashToken(text), 'hex');
  return given.length === kept.length && timingSafeEqual(given, kept);
}
