import type { Action } from '#core/identity/permits.ts';

/**
 * What a request asks for, as far as its method and path tell: `public` is for everybody; `asks` a view, which the view's reader judges once
 * it is known; `unnamed` is nothing that stands here, and for nobody.
 */
export type Request =
  | 'public'
  | 'asks'
  | 'unnamed'
  | Extract<Action['kind'], 'list' | 'inspect' | 'recompute' | 'decide'>;

interface Named {
  readonly path: RegExp;
  readonly GET?: Request;
  readonly POST?: Request;
}

const NAMED: readonly Named[] = [
  { path: /^\/health\/(?:live|ready)$/, GET: 'public' },
  { path: /^\/(?:openapi|asyncapi)\.json$/, GET: 'public' },
  { path: /^\/login$/, GET: 'public', POST: 'public' },
  { path: /^\/logout$/, POST: 'public' },
  { path: /^\/metrics$/, GET: 'inspect' },
  { path: /^\/api\/v1\/(?:views|whoami)$/, GET: 'list' },
  { path: /^\/api\/v1\/stream$/, GET: 'list' },
  { path: /^\/api\/v1\/views\/[^/]+\/(?:windows|sessions|groups)$/, GET: 'asks' },
  { path: /^\/api\/v1\/views\/[^/]+\/rollback$/, POST: 'decide' },
  { path: /^\/api\/v1\/(?:agents|ledger|quarantine|status)$/, GET: 'inspect' },
  { path: /^\/api\/v1\/ledger\/[^/]+$/, GET: 'inspect' },
  { path: /^\/api\/v1\/(?:batch|verify)$/, POST: 'recompute' },
  { path: /^\/api\/v1\/backup$/, POST: 'decide' },
  { path: /^\/api\/v1\/stores\/[^/]+\/rebuild$/, POST: 'decide' },
  { path: /^\/api\/v1\/agents\/[^/]+\/(?:readmit|retire|hand-over|give-up|end-series)$/, POST: 'decide' },
];

/** What lies under these is never a file of the page. */
const NOT_THE_PAGE = /^\/(?:api|metrics|health|login|logout)(?:\/|$)/;

/** What a request is, by its method and its path as it was sent. */
export function requestOf(method: string, path: string): Request {
  const named = NAMED.find((one) => one.path.test(path));
  if (named !== undefined) {
    const asked = isReading(method) ? named.GET : method === 'POST' ? named.POST : undefined;
    // What is for everybody says so of the methods that it doesn't have, too.
    return asked ?? ([named.GET, named.POST].includes('public') ? 'public' : 'unnamed');
  }
  // The files of the page hold nothing that is measured.
  return isReading(method) && !NOT_THE_PAGE.test(path) ? 'public' : 'unnamed';
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
