import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/** What a certificate is for (RFC 5280, 4.2.1.3 and 4.2.1.12). */
export type CertificateUse = 'authority' | 'server' | 'client';

/** What a certificate says. */
export interface CertificateFacts {
  readonly use: CertificateUse;
  /** The common name: of an agent's its id. */
  readonly name: string;
  /** Host names and addresses of a server. */
  readonly hosts?: readonly string[];
  readonly serial: Uint8Array;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Who vouches for a certificate: by its own key the one itself, or an authority. */
export interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
}

/** An identifier of X.509, by its dotted number. */
const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const ALGORITHM = sequence(oid(OID.ecdsaWithSha256));

/** A key for a certificate: P-256. */
export function makeKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
}

export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A certificate of version 3 (RFC 5280, 4.1) for the public half of `key`, in PEM. */
export function certificatePem(facts: CertificateFacts, key: KeyObject, issuer: Issuer): string {
  const publicKey = createPublicKey(key);
  const issuerKey = createPublicKey(issuer.key);
  const told = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, facts.serial),
    ALGORITHM,
    nameOf(issuer.name),
    sequence(time(facts.fromMs), time(facts.toMs)),
    nameOf(facts.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(facts, publicKey, issuerKey))),
  );
  const signature = bits(sign('sha256', told, issuer.key));
  const lines = sequence(told, ALGORITHM, signature)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** A positive number that no other certificate of the issuer has, of random bytes. */
export function serialOf(random: Uint8Array): Uint8Array {
  const serial = Uint8Array.from(random);
  serial[0] = (serial[0]! & 0x3f) | 0x40;
  return serial;
}

function extensions(facts: CertificateFacts, publicKey: KeyObject, issuerKey: KeyObject): readonly Buffer[] {
  const { use, hosts = [] } = facts;
  const isAuthority = use === 'authority';
  const told = [
    extension(OID.basicConstraints, true, sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))),
    // keyCertSign and cRLSign (bits 5 and 6), or digitalSignature (bit 0).
    extension(OID.keyUsage, true, der(0x03, Buffer.from(isAuthority ? [1, 0b0000_0110] : [7, 0b1000_0000]))),
    extension(OID.subjectKeyIdentifier, false, der(0x04, keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, false, sequence(der(0x80, keyIdentifier(issuerKey)))),
  ];
  if (use === 'server') told.push(extension(OID.extKeyUsage, false, sequence(oid(OID.serverAuth))));
  if (use === 'client') told.push(extension(OID.extKeyUsage, false, sequence(oid(OID.clientAuth))));
  if (hosts.length > 0) told.push(extension(OID.subjectAltName, false, sequence(...hosts.map(generalName))));
  return told;
}

function extension(id: string, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

/** The SHA-1 of the bits of the public key, as RFC 5280 (4.2.1.2) suggests; a name for it, and no proof of anything. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  // The bits of a P-256 key are the 65 bytes at the end of its SPKI.
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha1').update(spki.subarray(-65)).digest();
}

/** A host name or an address (RFC 5280, 4.2.1.6). */
function generalName(host: string): Buffer {
  if (isIPv4(host)) return der(0x87, Buffer.from(host.split('.').map(Number)));
  if (isIPv6(host)) return der(0x87, ipv6Bytes(host));
  return der(0x82, Buffer.from(host, 'ascii'));
}

function ipv6Bytes(host: string): Buffer {
  // What a URL makes of an address has no dotted tail, and no zone.
  const [before = '', after] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
function time(atMs: number): Buffer {
  const text = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return text < '2050' ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function bits(content: Uint8Array): Buffer {
  return der(0x03, Buffer.from([0]), content);
}

function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(0x30, ...content);
}

/** An object identifier (X.690, 8.19). */
function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]];
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** A tag, the length in as few bytes as it takes, the content (X.690, 8.1 and 10.1). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), body]);
}
