import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * A password as it is kept: the PHC string format with scrypt (RFC 7914), `$scrypt$ln=15,r=8,p=3$SALT$HASH`, salt and
 * hash in base64 without padding.
 */
export interface PasswordHash {
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** 32 MB and some tenths of a second for each guess: what OWASP's cheat sheet on storing passwords asks for at this memory. */
const COST = { costLog2: 15, blockSize: 8, parallelization: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What a hash of someone else's making may ask for: a login must not take the memory of the agent. */
const COST_LOG2_MIN = 10;
const MEMORY_BYTES_MAX = 134_217_728;
const PARALLELIZATION_MAX = 16;
const BYTES_MIN = 8;
const BYTES_MAX = 64;

/** The longest password, in UTF-8: longer ones are none, and cost nothing to refuse. */
export const PASSWORD_BYTES_MAX = 1_024;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const derive = promisify<string, Uint8Array, number, object, Buffer>(scrypt);

/** Reads a hash, or gives undefined for what is none, or costs more or protects less than is allowed. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = PHC.exec(text);
  if (match === null) return undefined;
  const [costLog2, blockSize, parallelization] = match.slice(1, 4).map(Number) as [number, number, number];
  const salt = Buffer.from(match[4]!, 'base64');
  const hash = Buffer.from(match[5]!, 'base64');
  const isAllowed =
    costLog2 >= COST_LOG2_MIN &&
    blockSize >= 1 &&
    128 * blockSize * 2 ** costLog2 <= MEMORY_BYTES_MAX &&
    parallelization >= 1 &&
    parallelization <= PARALLELIZATION_MAX &&
    [salt, hash].every(({ length }) => length >= BYTES_MIN && length <= BYTES_MAX);
  return isAllowed ? { costLog2, blockSize, parallelization, salt, hash } : undefined;
}

function formatPasswordHash({ costLog2, blockSize, parallelization, salt, hash }: PasswordHash): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
  return `$scrypt$ln=${costLog2},r=${blockSize},p=${parallelization}$${text(salt)}$${text(hash)}`;
}

/** A hash of a password with a salt of its own, as a text. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await stretch(password, { ...COST, salt, hash: new Uint8Array(HASH_BYTES) });
  return formatPasswordHash({ ...COST, salt, hash });
}

/** Whether it is the password that was hashed; takes as long either way. */
export async function verifyPassword(password: string, kept: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await stretch(password, kept), kept.hash);
}

function stretch(password: string, { costLog2, blockSize, parallelization, salt, hash }: PasswordHash) {
  const cost = { N: 2 ** costLog2, r: blockSize, p: parallelization, maxmem: 2 * MEMORY_BYTES_MAX };
  // The same word typed on two keyboards may come in two forms (RFC 8265, 4.2).
  return derive(password.normalize('NFC'), salt, hash.length, cost);
}
