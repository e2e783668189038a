import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificatePem, type CertificateUse, keyPem, makeKey, serialOf } from './certificate.ts';

const ALWAYS = { fromMs: 0, toMs: Date.UTC(9999, 11, 31) };
const HOSTS = ['localhost', '127.0.0.1', '::1'];

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test, whose certificates are valid at any time. */
export class TestAuthority {
  readonly cert: string;
  readonly #key = makeKey();
  readonly #name: string;

  constructor(name = 'authority of a test') {
    this.#name = name;
    const facts = { use: 'authority', name, serial: serialOf(randomBytes(16)), ...ALWAYS } as const;
    this.cert = certificatePem(facts, this.#key, { name, key: this.#key });
  }

  pair(use: Exclude<CertificateUse, 'authority'>, name = 'localhost', others: readonly string[] = []): Pair {
    const key = makeKey();
    const hosts = use === 'server' ? [...HOSTS, ...others] : [];
    const facts = { use, name, hosts, serial: serialOf(randomBytes(16)), ...ALWAYS };
    return { cert: certificatePem(facts, key, { name: this.#name, key: this.#key }), key: keyPem(key) };
  }
}

/** Writes a pair to `NAME.crt` and `NAME.key` in a folder; gives the names. */
export async function writePair(
  dir: string,
  name: string,
  { cert, key }: Pair,
): Promise<{ cert: string; key: string }> {
  await writeFile(join(dir, `${name}.key`), key);
  await writeFile(join(dir, `${name}.crt`), cert);
  return { cert: `${name}.crt`, key: `${name}.key` };
}

/** A certificate of its own making for localhost, and its key. */
export function selfSigned(): Pair {
  const key = makeKey();
  const name = 'localhost';
  const facts = { use: 'server', name, hosts: HOSTS, serial: serialOf(randomBytes(16)), ...ALWAYS } as const;
  return { cert: certificatePem(facts, key, { name, key }), key: keyPem(key) };
}
