import { describe, expect, it } from 'vitest';
import { cheapHash } from './doors.fixtures.ts';
import { hashPassword, parsePasswordHash, verifyPassword } from './password-hash.ts';

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
