import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { readSecretFile, readSecretLine } from '../secret-file.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { BrokerSection } from './broker-section.ts';

/** What the files say that a section names. */
export interface BrokerSecrets {
  readonly password: Buffer | undefined;
  readonly ca: Buffer | undefined;
}

/** A chain of certificates, or all that a system trusts. */
const CERTIFICATES_BYTES_MAX = 1_048_576;

/** Reads them; relative paths start at `folder`. Throws SourceError. */
export async function readBrokerSecrets({ password, ca }: BrokerSection, folder: string): Promise<BrokerSecrets> {
  return {
    password:
      password === undefined
        ? undefined
        : Buffer.from(await readSecretLine(resolve(folder, password.file), 'password.file', 'the password'), 'latin1'),
    ca: ca === undefined ? undefined : await readCertificates(resolve(folder, ca)),
  };
}

async function readCertificates(file: string): Promise<Buffer> {
  const pem = await readSecretFile(file, 'ca', CERTIFICATES_BYTES_MAX);
  try {
    // Made to see whether it is one.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    const remedy = 'name a file that begins with -----BEGIN CERTIFICATE----- at `ca`';
    throw new SourceError('unreadable', subjectOf(file), 'holds no certificate', remedy, error);
  }
}
