import { resolve } from 'node:path';
import { readSecretFile, readSecretLine } from '#backbone/doors/secret-file.ts';
import { readBeside, SourceError, subjectOf } from '../source-error.ts';
import { HEADERS_BYTES_MAX, HEADERS_MAX } from './limits.ts';
import { placesIn } from './service-url.ts';

/** What requests carry that is in no configuration. */
export interface RequestSecrets {
  readonly headers: Headers;
  /** What `{token}` in the URL stands for; empty where it doesn't stand there. */
  readonly token: string;
  /** The texts that must not be repeated. */
  readonly secrets: readonly string[];
}

export interface SecretFiles {
  readonly url: string;
  readonly headers?: { readonly file: string } | undefined;
  readonly token?: { readonly file: string } | undefined;
}

/** Headers that are ours to send, and the connection's. */
const RESERVED: readonly string[] = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];

const HEADER = /^([!#$%&'*+.^`|~\w-]+):(.*)$/;

/** Reads the files that a section names; relative paths start at `folder`. Throws SourceError. */
export async function readRequestSecrets(section: SecretFiles, folder: string): Promise<RequestSecrets> {
  const headers = new Headers({ accept: 'application/json, text/csv;q=0.9, */*;q=0.5', 'user-agent': 'weir' });
  const secrets: string[] = [];
  if (section.headers !== undefined) {
    for (const [name, value] of await readHeaders(resolve(folder, section.headers.file))) {
      headers.set(name, value);
      secrets.push(value, ...value.split(/\s+/).slice(1));
    }
  }
  let token = '';
  if (section.token !== undefined) {
    const held = await readBeside(readSecretLine(resolve(folder, section.token.file), 'token.file', 'the token'));
    secrets.push(held, encodeURIComponent(held));
    if (placesIn(section.url).has('token')) token = held;
    else setHeader(headers, 'authorization', `Bearer ${held}`, section.token.file);
  }
  return { headers, token, secrets: secrets.filter((secret) => secret !== '') };
}

async function readHeaders(file: string): Promise<readonly (readonly [name: string, value: string])[]> {
  const lines = (await readBeside(readSecretFile(file, 'headers.file', HEADERS_BYTES_MAX)))
    .toString('latin1')
    .split(/\r?\n/);
  const found: (readonly [string, string])[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = HEADER.exec(line) ?? [];
    // What stands there is not repeated: it may be a secret.
    if (name === undefined || found.length >= HEADERS_MAX) {
      const fault =
        name === undefined ? 'is no header' : `is one header more than the ${HEADERS_MAX} that there may be`;
      throw new SourceError(
        'unreadable',
        subjectOf(file),
        `can't be used: line ${i + 1} ${fault}`,
        'write lines like Authorization: Bearer …',
      );
    }
    if (RESERVED.includes(name.toLowerCase())) {
      throw new SourceError(
        'unreadable',
        subjectOf(file),
        `names the header ${name}`,
        'leave it out: the connection has its own',
      );
    }
    setHeader(new Headers(), name, value!, file);
    found.push([name, value!.trim()]);
  }
  return found;
}

function setHeader(headers: Headers, name: string, value: string, file: string): void {
  try {
    headers.set(name, value);
  } catch {
    const fault = 'holds characters that no header may have';
    throw new SourceError('unreadable', subjectOf(file), fault, 'write it in ASCII, on one line');
  }
}
