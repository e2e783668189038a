import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SourceError, subjectOf } from '../source-error.ts';
import type { BrokerSection } from './broker-section.ts';

/** What the files say that a section names. */
export interface BrokerSecrets {
  readonly password: Buffer | undefined;
  readonly ca: Buffer | undefined;
}

const PASSWORD_BYTES_MAX = 1_024;

/** Reads them; relative paths start at `folder`. Throws SourceError. */
export async function readBrokerSecrets({ password, ca }: BrokerSection, folder: string): Promise<BrokerSecrets> {
  return {
    password: password === undefined ? undefined : await readPassword(resolve(folder, password.file)),
    ca: ca === undefined ? undefined : await readCertificates(resolve(folder, ca)),
  };
}

/** The file's text without the line end that editors put behind it. */
async function readPassword(file: string): Promise<Buffer> {
  const bytes = await read(file, 'password.file');
  const text = bytes.toString('latin1').replace(/\r?\n$/, '');
  if (text !== '' && text.length <= PASSWORD_BYTES_MAX && !text.includes('\n')) return Buffer.from(text, 'latin1');
  const value = text === '' ? 'is empty' : 'holds more than one line, or a long one';
  throw new SourceError('unreadable', subjectOf(file), value, 'write the password into it, and nothing else');
}

async function readCertificates(file: string): Promise<Buffer> {
  const pem = await read(file, 'ca');
  try {
    // Made to see whether it is one.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    const remedy = 'name a file that begins with -----BEGIN CERTIFICATE----- at `ca`';
    throw new SourceError('unreadable', subjectOf(file), 'holds no certificate', remedy, error);
  }
}

async function read(file: string, field: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const value = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`;
    throw new SourceError('unreadable', subjectOf(file), value, `check the path and its permissions at \`${field}\``);
  }
}
