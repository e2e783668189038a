import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { FileUnusable, readCertificates, unreadable } from './secret-file.ts';

/** Files in PEM: the certificate of one end, with those between it and its root behind it, and its key. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Of a door: the certificates by which those of its clients are told to be genuine. */
  readonly clients?: string | undefined;
}

/** What an end that speaks TLS is made with. */
export type TlsOptions = Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'minVersion'>;

/** Older versions are broken (RFC 8996). */
export const TLS_VERSION_MIN = 'TLSv1.2';

/** Reads them; relative paths start at `folder`. Throws FileUnusable, which names the file and what is wrong with it. */
export async function readTlsFiles(files: TlsFiles, folder: string): Promise<TlsOptions> {
  const certFile = resolve(folder, files.cert);
  const keyFile = resolve(folder, files.key);
  const cert = await readPem(certFile, 'tls.cert');
  const key = await readPem(keyFile, 'tls.key');
  const certificate = certificateIn(cert, certFile);
  if (!certificate.checkPrivateKey(keyIn(key, keyFile))) {
    const remedy = 'name the key that the certificate was made with';
    throw new FileUnusable(keyFile, `is not the key of ${certFile}`, remedy);
  }
  const { clients } = files;
  const ca = clients === undefined ? {} : { ca: await readCertificates(resolve(folder, clients), 'tls.clients') };
  const options: TlsOptions = { cert, key, ...ca, minVersion: TLS_VERSION_MIN };
  try {
    createSecureContext(options);
  } catch (error) {
    const value = `can't be used for TLS (${error instanceof Error ? error.message : String(error)})`;
    throw new FileUnusable(certFile, value, 'make another certificate', error);
  }
  return options;
}

async function readPem(file: string, field: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw unreadable(file, field, error);
  }
}

function certificateIn(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    const remedy = 'name a file that begins with -----BEGIN CERTIFICATE----- at `tls.cert`';
    throw new FileUnusable(file, 'holds no certificate', remedy, error);
  }
}

function keyIn(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const isLocked = pem.includes('ENCRYPTED');
    const value = isLocked ? 'is locked with a passphrase' : 'holds no private key';
    const remedy = isLocked
      ? 'unlock it (openssl pkey -in … -out …) and let only weir read it'
      : 'name a file that holds -----BEGIN PRIVATE KEY----- at `tls.key`';
    throw new FileUnusable(file, value, remedy, error);
  }
}
