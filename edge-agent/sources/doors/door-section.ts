import { once } from 'node:events';
import { type AddressInfo, isIPv6, type Server } from 'node:net';
import { z } from 'zod';
import { certificateFiles } from '#backbone/disk/path-fields.ts';
import type { TlsFiles } from '#backbone/doors/tls-files.ts';
import { isLoopback } from '#core/wire/own-origin.ts';
import { SourceError } from '../source-error.ts';
import { parsePasswordHash, type PasswordHash } from './password-hash.ts';

const LISTEN = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Where a source listens. Port 0 is any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 address in brackets. */
export const listenField = z
  .string()
  .transform((value, context): ListenAddress => {
    const match = LISTEN.exec(value);
    const port = Number(match?.[3]);
    if (match === null || port > PORT_MAX) {
      context.addIssue({
        code: 'custom',
        message: `listen ${JSON.stringify(value)} is not host:port with a port up to ${PORT_MAX}; write it like 127.0.0.1:8090`,
      });
      return z.NEVER;
    }
    return { host: (match[1] ?? match[2])!, port };
  })
  .meta({ title: 'host:port' });

export function formatAddress({ host, port }: ListenAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Lets a server listen, and gives where it does. Throws SourceError where the address can't be had. */
export async function listenAt(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw cannotListen(formatAddress({ host, port }), error);
  }
  return server.address() as AddressInfo;
}

function cannotListen(address: string, error: unknown): SourceError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const subject = `listen ${address}`;
  if (code === 'EADDRINUSE') {
    return new SourceError('listen', subject, 'is in use', 'stop what listens there, or name another port', error);
  }
  return new SourceError(
    'listen',
    subject,
    `can't be had (${code})`,
    'name an address of this machine and a free port',
    error,
  );
}

/** What the section of a source that listens says of its door: where it is, who may come in, how it is sealed. */

/** Who may be named: a site has some devices, and a name is one word. */
const USERS_MAX = 1_000;
const USER_NAME = /^[^\p{Cc}:]{1,64}$/u;

const userName = z
  .string()
  .regex(USER_NAME, 'the name of a user has up to 64 characters, no colon and no control character among them');

// What was written is not repeated: it may be the password itself.
const passwordHash = z.string().transform((text, context): PasswordHash => {
  const hash = parsePasswordHash(text);
  if (hash !== undefined) return hash;
  const message = 'is no hash that can be used; run "weir password", and write what it prints in quotes';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** By name; a name of an object's own, as `constructor`, is a name like any other. */
export type Users = ReadonlyMap<string, PasswordHash>;

const usersField = z
  .record(userName, passwordHash)
  .transform((users): Users => new Map(Object.entries(users)))
  .refine(({ size }) => size > 0, 'names nobody; name a user, or leave `users` out')
  .refine(({ size }) => size <= USERS_MAX, `names more than ${USERS_MAX} users; let devices share a name`);

/** Of no password that is in use. */
const HASH_EXAMPLE = '$scrypt$ln=15,r=8,p=3$oXYAVq0Y0vwNO83XR/CjpA$SgNPtPKNjQ5pElQ9SltElzHFheXRwRMRJdUebonBY28';

const tlsField = certificateFiles(
  'A PEM file with the certificate, and those that lead to one which clients trust.',
  'gateway',
);

/** The fields of every source that listens. */
export const DOOR_FIELDS = {
  listen: listenField.meta({
    description: 'Where the source listens. Other machines than this one need users.',
    examples: ['127.0.0.1:8090'],
  }),
  users: usersField
    .meta({
      title: 'hashes by name',
      description: 'Who may come in: names, and the hashes that weir password prints.',
      examples: [{ pump: HASH_EXAMPLE }],
    })
    .optional(),
  tls: tlsField
    .meta({
      description: 'With what the door is encrypted. Not at all unless given.',
      examples: [{ cert: 'gateway.crt', key: 'gateway.key' }],
    })
    .optional(),
};

export interface DoorSection {
  readonly listen: ListenAddress;
  /** Left out: whoever reaches the door may come in. */
  readonly users?: Users | undefined;
  /** Left out: what comes in is not encrypted. */
  readonly tls?: TlsFiles | undefined;
}

/** What no single field can check: a door that other machines reach asks who they are. */
export function checkDoor(
  { listen, users }: { readonly listen?: ListenAddress | undefined; readonly users?: Users | undefined },
  context: z.core.$RefinementCtx,
): void {
  if (listen === undefined || users !== undefined || isLoopback(listen.host)) return;
  const { port } = listen;
  const message =
    `${formatAddress(listen)} is open to other machines, which have to say who they are; add users: { NAME: "HASH" } ` +
    `with a hash that "weir password" prints, or listen at 127.0.0.1:${port}`;
  context.addIssue({ code: 'custom', path: ['listen'], message });
}

/** Who may come in, as the end of a phrase that says what is taken; empty where nobody is asked. */
export function describeDoor({ users, tls }: DoorSection): string {
  if (users === undefined) return '';
  return ` from ${users.size === 1 ? '1 user' : `${users.size} users`}${tls === undefined ? ', unencrypted' : ''}`;
}
