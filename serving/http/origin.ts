/**
 * Whether a request that changes something, or opens a stream, may: it names no origin (no browser sent it), or the one
 * it is sent to (RFC 6454). Another site's page can make a browser send a request, but not hide that it did.
 */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  if (host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
