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

/**
 * Whether a request is meant for this server: its Host (RFC 9110, 7.2) is one of the server's own addresses. Under DNS
 * rebinding a foreign page reaches the server by a name of its own, and its browser takes the answers for that page's;
 * the name is then in Host, which no page can change. What names no host (HTTP/1.0) is no browser.
 */
export function isOwnHost(host: string | undefined, addresses: readonly string[]): boolean {
  if (host === undefined) return true;
  if (/[/?#@\\]/.test(host)) return false;
  const asked = originOf(`http://${host}`);
  return asked !== undefined && addresses.some((address) => originOf(`http://${address}`) === asked);
}

/** The addresses of a server, which is reached by no other name than the one it listens on. */
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

/** Whether only this machine reaches the host: 127.0.0.0/8, ::1, or the name localhost (RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
