import { scryptSync } from 'node:crypto';

/** As cheap as a hash may be: tests verify many passwords. */
export function cheapHash(password: string, salt = 'salt-of-tests'): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
  const hash = scryptSync(password, salt, 32, { N: 1_024, r: 1, p: 1 });
  return `$scrypt$ln=10,r=1,p=1$${text(Buffer.from(salt))}$${text(hash)}`;
}
