import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '#backbone/disk/directory.ts';
import {
  certificatePem,
  type CertificateFacts,
  type Issuer,
  keyPem,
  makeKey,
  serialOf,
} from '#backbone/doors/certificate.ts';
import { codeOf } from '#backbone/storage-errors.ts';
import { UserError } from '../failure.ts';
import { writeOut } from '../terminal/output.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
const SERIAL_BYTES = 16;
/** Clocks that are a little behind take a new certificate too. */
const BEFORE_NOW_MS = 3_600_000;

/** What `weir certs` is told. */
export interface CertsFlags {
  readonly host?: readonly string[];
  readonly agent?: string;
  readonly days: number;
}

/** What the files of the authority and of the server are called; there is none other of these names. */
const TAKEN = ['ca', 'server'];

/** Makes an authority where there is none, and the certificates that are asked for. Throws UserError. */
export async function makeCertificates(dir: string, { host, agent, days }: CertsFlags): Promise<void> {
  if (agent !== undefined && TAKEN.includes(agent.toLowerCase()))
    throw new UserError(
      `agent ${agent} would get the files ${agent}.crt and ${agent}.key, which are not an agent's here; give it a token: weir agents enroll ${agent}`,
      { exitCode: 2 },
    );
  try {
    await makeDirectory(dir);
    const authority = (await readAuthority(dir)) ?? (await makeAuthority(dir));
    if (host !== undefined) await make(dir, 'server', { use: 'server', name: host[0]!, hosts: host }, authority, days);
    if (agent !== undefined) await make(dir, agent, { use: 'client', name: agent }, authority, days);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `certificates can't be made in ${dir} (${codeOf(error) ?? String(error)}); check its permissions`,
      {
        cause: error,
      },
    );
  }
}

async function readAuthority(dir: string): Promise<Issuer | undefined> {
  const [cert, key] = await Promise.all(
    ['ca.crt', 'ca.key'].map((name) => readFile(join(dir, name)).catch(noneWhereAbsent)),
  );
  if (cert === undefined && key === undefined) return undefined;
  const issuer = cert === undefined || key === undefined ? undefined : issuerIn(cert, key);
  if (issuer !== undefined) return issuer;
  throw new UserError(
    `ca.crt and ca.key in ${dir} are no authority that "weir certs" made; name another folder, or take both away`,
  );
}

function issuerIn(cert: Buffer, key: Buffer): Issuer | undefined {
  try {
    const certificate = new X509Certificate(cert);
    const privateKey = createPrivateKey(key);
    const name = /^CN=(.+)$/.exec(certificate.subject)?.[1];
    // What is signed says that it is by a key such as `makeKey` makes.
    const isOurs = privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    return isOurs && name !== undefined && certificate.ca && certificate.checkPrivateKey(privateKey)
      ? { name, key: privateKey }
      : undefined;
  } catch {
    return undefined;
  }
}

async function makeAuthority(dir: string): Promise<Issuer> {
  const key = makeKey();
  // Two authorities of one name would be taken for each other.
  const name = `weir ${randomBytes(4).toString('hex')}`;
  await write(dir, 'ca', certificatePem(validFor({ use: 'authority', name }, AUTHORITY_DAYS), key, { name, key }), key);
  return { name, key };
}

async function make(
  dir: string,
  file: string,
  facts: Pick<CertificateFacts, 'use' | 'name' | 'hosts'>,
  authority: Issuer,
  days: number,
): Promise<void> {
  const key = makeKey();
  await write(dir, file, certificatePem(validFor(facts, days), key, authority), key);
}

function validFor(facts: Pick<CertificateFacts, 'use' | 'name' | 'hosts'>, days: number): CertificateFacts {
  const fromMs = Date.now() - BEFORE_NOW_MS;
  return { ...facts, serial: serialOf(randomBytes(SERIAL_BYTES)), fromMs, toMs: fromMs + days * DAY_MS };
}

/** Whole files take the place of those before, the key first: nobody is to read half of one. */
async function write(dir: string, name: string, cert: string, key: KeyObject): Promise<void> {
  for (const [path, text, mode] of [
    [join(dir, `${name}.key`), keyPem(key), 0o600],
    [join(dir, `${name}.crt`), cert, 0o644],
  ] as const) {
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
    await writeOut(`${path}\n`);
  }
}

function noneWhereAbsent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}
