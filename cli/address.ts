import { createServer } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { isLoopback } from '#core/wire/own-origin.ts';
import { UserError } from './failure.ts';

/** Where a door listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** Reads `host:port`, an IPv6 address in brackets, port 0 for any that is free. Throws commander's InvalidArgumentError. */
export function parseAddress(text: string): Address {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) {
    throw new InvalidArgumentError(`Write it as host:port, like 127.0.0.1:8080, with a port up to ${PORT_MAX}.`);
  }
  return { host: (match[1] ?? match[2])!, port };
}

export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the configuration says of who may come in, and how. */
export interface DoorRules {
  readonly identity: 'none' | 'required';
  readonly tls?: object | undefined;
  readonly plainText: boolean;
}

/**
 * Other machines are let in where they are asked who they are, and by TLS, be it that of a proxy. Throws UserError where an address is
 * open to them and one of the two is missing.
 */
export function checkOpenness(flag: string, address: Address, { identity, tls, plainText }: DoorRules): void {
  if (isLoopback(address.host)) return;
  if (identity === 'required' && (tls !== undefined || plainText)) return;
  const where = `${flag} ${formatAddress(address)} is open to other machines`;
  const instead = `or listen at 127.0.0.1:${address.port}`;
  throw new UserError(
    identity === 'none'
      ? `${where}, which have to say who they are; add \`identity: required\` to the configuration, let them in with ` +
          `"weir agents enroll" and "weir tokens add", ${instead}`
      : `${where}, and what they send would not be encrypted; add \`tls: { cert, key }\` to the configuration ` +
          `("weir certs" makes them), \`plainText: true\` where a proxy before it speaks TLS, ${instead}`,
    { exitCode: 2 },
  );
}

/**
 * Makes sure that an address can be listened at, before anything is opened, so that a port in use is told in one
 * sentence. Another process may still take it before it is listened at; then the door itself says so. Throws UserError.
 */
export async function checkPortIsFree(flag: string, address: Address): Promise<void> {
  if (address.port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port }, resolve);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(`${flag} ${formatAddress(address)} can't be listened at: ${remedyFor(code, flag)}`, {
      cause: error,
    });
  }
  await new Promise((resolve) => server.close(resolve));
}

function remedyFor(code: string, flag: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another process does; stop it, or choose another port with ${flag} HOST:PORT`;
    case 'EACCES':
      return `this user may not; choose a port from 1024 on with ${flag} HOST:PORT`;
    default:
      return `the system says ${code}; choose another address with ${flag} HOST:PORT`;
  }
}
