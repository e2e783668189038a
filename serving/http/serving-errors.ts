import { WeirError } from '#core/errors.ts';

/** The address can't be listened on: taken, not allowed, or not of this machine. */
export class AddressUnavailable extends WeirError {
  readonly kind = 'address-unavailable';
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, code: string | undefined, cause: unknown) {
    super(`HTTP can't listen on ${host}:${port}: ${whyOf(code)}.`, { fault: 'world', cause });
    this.host = host;
    this.port = port;
  }
}

function whyOf(code: string | undefined): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process listens there. End it, or choose another port with --http HOST:PORT';
    case 'EACCES':
      return 'this user may not. Choose a port from 1024 on with --http HOST:PORT';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address. Choose one of its own with --http HOST:PORT';
    default:
      return `the system refuses (${code ?? 'no code'}). Choose another address with --http HOST:PORT`;
  }
}
