import { createServer } from 'node:net';
import { type Address, formatAddress } from '../address.ts';
import { UserError } from '../user-error.ts';

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
