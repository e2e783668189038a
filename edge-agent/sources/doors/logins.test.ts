import { describe, expect, it } from 'vitest';
import { cheapHash } from './doors.fixtures.ts';
import { Logins, VERIFICATIONS_MAX } from './logins.ts';
import { hashPassword, parsePasswordHash, PASSWORD_BYTES_MAX, verifyPassword } from './password-hash.ts';

const HERE = '192.0.2.1';
const THERE = '192.0.2.2';

/** A door that a and b may come in at, with a clock that the test moves. */
function doorOf() {
  const users = new Map(['a', 'b'].map((name) => [name, parsePasswordHash(cheapHash(`password of ${name}`))!]));
  const door = { nowMs: 1_000_000, refused: [] as (readonly [string, string, number])[] };
  const onRefused = (...refusal: readonly [string, string, number]): void => void door.refused.push(refusal);
  const logins = new Logins({ users, nowMs: () => door.nowMs, onRefused });
  const login = (name: string, password = `password of ${name}`, address = HERE) =>
    logins.login(address, { name, password });
  return { door, login };
}

describe('a login', () => {
  it('is welcome with the password of its name, and with no other', async () => {
    const { door, login } = doorOf();
    expect(await login('a')).toEqual({ kind: 'welcome' });
    expect(await login('a')).toEqual({ kind: 'welcome' });
    expect(await login('b', 'password of a', THERE)).toEqual({ kind: 'refused' });
    expect(await login('nobody', 'password of a', THERE)).toEqual({ kind: 'refused' });
    door.nowMs += 1_000;
    expect(await login('constructor', '', '192.0.2.3')).toEqual({ kind: 'refused' });
    // All are counted, and told of once a second.
    expect(door.refused).toEqual([
      ['b', THERE, 1],
      ['constructor', '192.0.2.3', 3],
    ]);
  });

  it('that failed is not heard again for a while, even with the right password, which was known before', async () => {
    const { door, login } = doorOf();
    expect(await login('a')).toEqual({ kind: 'welcome' });
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      expect(await login('a', 'a guess')).toEqual({ kind: 'refused' });
      expect(await login('a')).toEqual({ kind: 'later', seconds });
      door.nowMs += seconds * 1_000 - 1;
      expect(await login('a')).toEqual({ kind: 'later', seconds: 1 });
      door.nowMs += 1;
    }
    expect(await login('a')).toEqual({ kind: 'welcome' });
  });

  it('keeps no other name and no other address out', async () => {
    const { login } = doorOf();
    expect(await login('a', 'old')).toEqual({ kind: 'refused' });
    expect(await login('b')).toEqual({ kind: 'welcome' });
    expect(await login('a', undefined, THERE)).toEqual({ kind: 'welcome' });
  });

  it('under names that nobody has waits whatever the name', async () => {
    const { login } = doorOf();
    expect(await login('x')).toEqual({ kind: 'refused' });
    expect(await login('y')).toMatchObject({ kind: 'later' });
  });

  it('is verified once where it comes many times at once, and one guess at a time', async () => {
    const { login } = doorOf();
    const same = await Promise.all(Array.from({ length: 200 }, () => login('a')));
    expect(new Set(same.map(({ kind }) => kind))).toEqual(new Set(['welcome']));
    const guesses = await Promise.all(Array.from({ length: 200 }, (_, i) => login('a', `guess ${i}`)));
    expect(guesses.filter(({ kind }) => kind === 'refused')).toHaveLength(1);
    expect(guesses.filter(({ kind }) => kind === 'later')).toHaveLength(199);
  });

  it('waits its turn with few others only', async () => {
    const { login } = doorOf();
    const crowd = Array.from({ length: VERIFICATIONS_MAX + 1 }, (_, i) => login('a', 'a guess', `198.51.100.${i}`));
    const verdicts = await Promise.all(crowd);
    expect(verdicts.filter(({ kind }) => kind === 'refused')).toHaveLength(VERIFICATIONS_MAX);
    expect(verdicts.at(-1)).toEqual({ kind: 'later', seconds: 1 });
  });

  it('with a password longer than any is refused unseen', async () => {
    const { login } = doorOf();
    expect(await login('a', 'x'.repeat(PASSWORD_BYTES_MAX + 1))).toEqual({ kind: 'refused' });
  });
});

/** The third test vector of RFC 7914, section 12, written in the PHC string format. */
const VECTOR = phc(
  'SodiumChloride',
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
);

function phc(salt: string, hash: string): string {
  const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from(salt))}$${unpadded(Buffer.from(hash, 'hex'))}`;
}

describe('the hash of a password', () => {
  it('is that of RFC 7914', async () => {
    const hash = parsePasswordHash(VECTOR)!;
    expect(await verifyPassword('pleaseletmein', hash)).toBe(true);
    expect(await verifyPassword('pleaseletmeout', hash)).toBe(false);
  });

  it('is read as it was written, and differs each time', async () => {
    const text = await hashPassword('grüße');
    expect(text).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const hash = parsePasswordHash(text)!;
    expect(await verifyPassword('gr\u0075\u0308ße', hash)).toBe(true);
    expect(await verifyPassword('grusse', hash)).toBe(false);
    expect(await hashPassword('grüße')).not.toBe(text);
  });

  it('is refused where it is no hash, or would take the memory of the agent, or protects nothing', () => {
    const known = cheapHash('x');
    expect(parsePasswordHash(known)).toBeDefined();
    for (const text of [
      'secret',
      '',
      known.replace('scrypt', 'argon2id'),
      known.replace('ln=10', 'ln=9'),
      known.replace('ln=10,r=1', 'ln=20,r=8'),
      known.replace('p=1', 'p=17'),
      known.replace('p=1', 'p=0'),
      known.replace('r=1', 'r=0'),
      known.replace(/\$[^$]*$/, '$AAAA'),
      `${known} `,
    ])
      expect(parsePasswordHash(text)).toBeUndefined();
  });
});
