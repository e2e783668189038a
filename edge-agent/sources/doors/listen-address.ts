import { once } from 'node:events';
import { isIPv6, type AddressInfo, type Server } from 'node:net';
import { z } from 'zod';
import { SourceError } from '../source-error.ts';

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
