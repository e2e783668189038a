import { strict as assert } from 'node:assert';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { addressKey, FailedLogins } from '#backbone/doors/failed-logins.ts';
import type { Users } from './door-section.ts';
import { PASSWORD_BYTES_MAX, type PasswordHash, verifyPassword } from './password-hash.ts';

/** Who somebody says to be. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** What a login comes to. `later`: nothing was looked at; it may be tried again after so many seconds. */
export type LoginVerdict =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'later'; readonly seconds: number };

/** Passwords that wait to be verified. One is verified at a time: it takes memory, and a thread that disks need as well. */
export const VERIFICATIONS_MAX = 64;

const TELL_MS = 1_000;

const WELCOME: LoginVerdict = { kind: 'welcome' };
const REFUSED: LoginVerdict = { kind: 'refused' };
const BUSY: LoginVerdict = { kind: 'later', seconds: 1 };

const KEY_BYTES = 32;

export interface LoginsOptions {
  readonly users: Users;
  readonly nowMs: () => number;
  /** Told of a login that was refused, and how many that makes by now: once in TELL_MS at most, for a log has an end. */
  readonly onRefused: (name: string, address: string, count: number) => void;
}

/**
 * The logins at one door. A password that was verified is known again by a keyed digest in memory, so a device that
 * names it with every request costs a verification once. Who fails waits before the next try counts, longer each time
 * (`FailedLogins`); also the right password is not looked at until then, or else guessing would not be slower.
 */
export class Logins {
  readonly #users: Users;
  readonly #failed: FailedLogins;
  readonly #onRefused: LoginsOptions['onRefused'];
  readonly #nowMs: () => number;
  readonly #digestKey = randomBytes(KEY_BYTES);
  /** By name, the digest of its password, once it is known. */
  readonly #known = new Map<string, Buffer>();
  readonly #verifying = new Map<string, { readonly digest: Buffer; readonly verdict: Promise<LoginVerdict> }>();
  #turn: Promise<unknown> = Promise.resolve();
  #refused = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** Verified in place of a name that nobody has, so that such a name takes as long. */
  readonly #nobody: PasswordHash;

  constructor({ users, nowMs, onRefused }: LoginsOptions) {
    const [first] = users.values();
    assert(first !== undefined, 'a door that asks has users');
    this.#users = users;
    this.#failed = new FailedLogins(nowMs);
    this.#onRefused = onRefused;
    this.#nowMs = nowMs;
    this.#nobody = { ...first, salt: randomBytes(first.salt.length) };
  }

  /** Judges a login from a remote address. */
  async login(address: string, { name, password }: Credentials): Promise<LoginVerdict> {
    // All names that nobody has wait together.
    const key = JSON.stringify([addressKey(address), this.#users.has(name) ? name : null]);
    const waitMs = this.#failed.waitMs(key);
    if (waitMs > 0) return { kind: 'later', seconds: Math.ceil(waitMs / 1_000) };
    if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) return this.#refuse(key, name, address);
    const digest = createHmac('sha256', this.#digestKey)
      .update(JSON.stringify([name, password]))
      .digest();
    if (this.#isKnown(name, digest)) return WELCOME;
    const under = this.#verifying.get(key);
    if (under !== undefined) return timingSafeEqual(under.digest, digest) ? under.verdict : BUSY;
    if (this.#verifying.size >= VERIFICATIONS_MAX) return BUSY;
    const verdict = this.#verify(key, { name, password }, digest, address);
    this.#verifying.set(key, { digest, verdict });
    try {
      return await verdict;
    } finally {
      this.#verifying.delete(key);
    }
  }

  #isKnown(name: string, digest: Buffer): boolean {
    const known = this.#known.get(name);
    return known !== undefined && timingSafeEqual(known, digest);
  }

  async #verify(key: string, { name, password }: Credentials, digest: Buffer, address: string): Promise<LoginVerdict> {
    const kept = this.#users.get(name);
    // Whoever waited for a turn may be known by now, as where all devices come back at once.
    const turn = this.#turn.then(() => this.#isKnown(name, digest) || verifyPassword(password, kept ?? this.#nobody));
    this.#turn = turn.catch(() => undefined);
    const isRight = await turn;
    if (!isRight || kept === undefined) return this.#refuse(key, name, address);
    this.#known.set(name, digest);
    this.#failed.clear(key);
    return WELCOME;
  }

  #refuse(key: string, name: string, address: string): LoginVerdict {
    this.#failed.add(key);
    this.#refused++;
    if (Math.abs(this.#nowMs() - this.#toldMs) < TELL_MS) return REFUSED;
    this.#toldMs = this.#nowMs();
    this.#onRefused(name, address, this.#refused);
    return REFUSED;
  }
}

/** What a door asks with (RFC 7617). */
export const CHALLENGE = 'Basic realm="weir", charset="UTF-8"';

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** What `Authorization: Basic …` says (RFC 7617), or undefined where it is nothing of the kind. */
export function basicCredentials(authorization: string | undefined): Credentials | undefined {
  const encoded = BASIC.exec(authorization ?? '')?.[1];
  return encoded === undefined ? undefined : splitCredentials(Buffer.from(encoded, 'base64').toString());
}

/** `name:password`; a name has no colon. */
export function splitCredentials(text: string): Credentials | undefined {
  const at = text.indexOf(':');
  return at < 0 ? undefined : { name: text.slice(0, at), password: text.slice(at + 1) };
}
