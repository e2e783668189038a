import { isIP } from 'node:net';

/**
 * Whether a request may change something: it comes from no web page, or from one that this very address served.
 *
 * Browsers name a page's origin (RFC 6454, Fetch §3.2) in every POST, so a foreign page can't post with a visitor's
 * browser. The Host header is not asked: under DNS rebinding it is whatever the foreign page likes.
 */
export function isOwnOrigin(origin: string | undefined, listenHost: string, port: number): boolean {
  if (origin === undefined) return true;
  return ownHosts(listenHost).some((host) => origin.toLowerCase() === `http://${host}${port === 80 ? '' : `:${port}`}`);
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'] as const;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

function ownHosts(listenHost: string): readonly string[] {
  const host = listenHost.toLowerCase();
  const written = isIP(host) === 6 ? `[${host}]` : host;
  const isLocal = WILDCARDS.includes(host) || LOOPBACK_HOSTS.some((loopback) => loopback === written);
  return isLocal ? [...LOOPBACK_HOSTS, written] : [written];
}
