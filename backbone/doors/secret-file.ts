import { X509Certificate } from 'node:crypto';
import { open } from 'node:fs/promises';
import { WeirError } from '#core/errors.ts';

const LINE_BYTES_MAX = 8_192;

/** A chain of certificates, or all that a system trusts. */
const CERTIFICATES_BYTES_MAX = 1_048_576;

/** A file that a door or a login needs can't be read, or isn't what it has to be. Quotes nothing that stands in it. */
export class FileUnusable extends WeirError {
  readonly kind = 'file-unusable';
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;

  constructor(file: string, value: string, remedy: string, cause?: unknown) {
    const subject = `file ${file}`;
    super(`${subject} ${value}; ${remedy}`, { fault: 'world', cause });
    this.subject = subject;
    this.value = value;
    this.remedy = remedy;
  }
}

/** A file that can't be read; `field` is where the configuration names it. */
export function unreadable(file: string, field: string, error: unknown): FileUnusable {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const value = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`;
  return new FileUnusable(file, value, `check the path and its permissions at \`${field}\``);
}

/** The bytes of a file with secrets. `field`: where the configuration names it. Throws FileUnusable, which quotes nothing. */
export async function readSecretFile(file: string, field: string, bytesMax: number): Promise<Buffer> {
  let bytes: Buffer;
  try {
    const opened = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, 0);
      bytes = buffer.subarray(0, bytesRead);
    } finally {
      await opened.close();
    }
  } catch (error) {
    throw unreadable(file, field, error);
  }
  if (bytes.length <= bytesMax) return bytes;
  throw new FileUnusable(file, `has more than ${bytesMax} bytes`, `check the path at \`${field}\``);
}

/** The one line of a file, without the line end that editors put behind it. `what` it is to hold: `the token`. */
export async function readSecretLine(file: string, field: string, what: string): Promise<string> {
  const text = (await readSecretFile(file, field, LINE_BYTES_MAX)).toString('latin1').replace(/\r?\n$/, '');
  const isWide = text.includes('\0');
  if (text !== '' && !isWide && !text.includes('\n')) return text;
  const value = text === '' ? 'is empty' : isWide ? 'is UTF-16, or no text' : 'holds more than one line';
  throw new FileUnusable(file, value, `write ${what} into it, and nothing else`);
}

/** Certificates that are trusted, in PEM. `field`: where the configuration names the file. Throws FileUnusable. */
export async function readCertificates(file: string, field: string): Promise<Buffer> {
  const pem = await readSecretFile(file, field, CERTIFICATES_BYTES_MAX);
  try {
    // Made to see whether it is one.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    const remedy = `name a file that begins with -----BEGIN CERTIFICATE----- at \`${field}\``;
    throw new FileUnusable(file, 'holds no certificate', remedy, error);
  }
}
