import { UserError } from '../failure.ts';

/** No authority that is trusted here speaks for the certificate, as OpenSSL names it (X509_V_ERR_…). */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What to say where a request got no answer at all. */
export function unanswered(url: URL, error: Error): UserError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return new UserError(sentence(url.origin, code, error), { cause: error });
}

function sentence(origin: string, code: string, error: Error): string {
  if (code === 'ECONNREFUSED')
    return `no weir answers at ${origin}; start one with "weir up", or say where it is with --url`;
  if (UNTRUSTED.has(code))
    return `the certificate of ${origin} is signed by nobody who is trusted here (${code}); name the certificate of its authority with --ca`;
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${origin} has expired; renew it at the server`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = 'cert' in error ? (error.cert as { readonly subjectaltname?: string }).subjectaltname : undefined;
    return `the certificate of ${origin} names others (${names ?? 'none'}); ask by a name of these, or have one made for this name`;
  }
  if (error.message.includes('wrong version number')) return `what answers at ${origin} speaks no TLS; ask by http://`;
  if (code === 'ECONNRESET' && origin.startsWith('http:'))
    return `${origin} ended the connection (${code}); where it takes TLS, ask by https://`;
  return `asking failed (${code}) at ${origin}; look whether it runs there, or say where it is with --url`;
}
