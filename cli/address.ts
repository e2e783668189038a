import { isIPv4 } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { UserError } from './user-error.ts';

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

/** Whether only this machine reaches the host: 127.0.0.0/8, ::1, or the name localhost (RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** Without identities nobody is asked who they are, so nobody from outside may come in. Throws UserError. */
export function refuseBeyondLoopback(flag: string, address: Address): void {
  if (isLoopback(address.host)) return;
  throw new UserError(
    `${flag} ${formatAddress(address)} is open to other machines, and this version can't ask them who they are; ` +
      `listen at 127.0.0.1:${address.port} and let others in through a tunnel or a proxy that asks`,
    { exitCode: 2 },
  );
}
