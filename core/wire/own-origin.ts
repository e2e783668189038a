/**
 * Whether a request that changes something, or opens a stream, may: it names no origin, because no web page sent it, or
 * one of the server's own. Browsers name the origin (RFC 6454; Fetch, 3.2) of whatever page posts or opens a stream, so
 * a foreign page can make a visitor's browser send a request, but not hide that it did.
 *
 * `addresses` are the `host:port` under which the server knows itself; without a port, that of the origin's scheme.
 */
export function isOwnOrigin(origin: string | undefined, addresses: readonly string[]): boolean {
  if (origin === undefined) return true;
  const [, scheme] = /^(https?):\/\/[^/?#@]+$/.exec(origin) ?? [];
  if (scheme === undefined) return false;
  const page = originOf(origin);
  return page !== undefined && addresses.some((address) => originOf(`${scheme}://${address}`) === page);
}

/** The addresses of a server that is also reached by names it does not know, such as a proxy's: what Host asks for. */
export function askedAddresses(host: string | undefined): readonly string[] {
  return host === undefined ? [] : [host];
}

/**
 * The addresses of a server that is reached by no other name than the one it listens on. It need not ask the Host
 * header, which under DNS rebinding is whatever a foreign page likes.
 */
export function listenAddresses(listenHost: string, port: number): readonly string[] {
  const host = listenHost.includes(':') ? `[${listenHost}]` : listenHost.toLowerCase();
  const isLocal = WILDCARDS.includes(host) || LOOPBACK_HOSTS.includes(host);
  return (isLocal ? [...LOOPBACK_HOSTS, host] : [host]).map((one) => `${one}:${port}`);
}

const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const WILDCARDS: readonly string[] = ['0.0.0.0', '[::]'];

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
