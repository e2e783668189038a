import type { OpenAPIHono } from '@hono/zod-openapi';
import { isOwnOrigin } from '#core/wire/own-origin.ts';
import { problem, problemResponse } from './problem.ts';
import type { OwnAddresses } from './safety.ts';

/** For how long a browser remembers what it may ask. */
const PREFLIGHT_MAX_AGE_S = 600;

/** Headers that a page may send beside those that Fetch lets every page send. */
const ALLOWED_HEADERS = 'If-None-Match, Authorization';

/** What a page may read of an answer beside its body. */
const EXPOSED_HEADERS = 'ETag, Weir-Zone, Weir-Tzdata, Content-Disposition, Retry-After, Allow';

/**
 * Lets pages of other origins read (Fetch, 3.2): those that are named, by GET and HEAD, with a token at most. An origin that
 * isn't named learns with which remedy; what changes something stays with the server's own pages (safety.ts).
 */
export function addCors(app: OpenAPIHono, origins: readonly string[], ownAddresses: OwnAddresses): void {
  app.use(async (c, next) => {
    const origin = c.req.header('origin');
    const isPreflight = c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
    const isNamed = origin !== undefined && origins.includes(origin);
    if (isPreflight && !isNamed && !isOwnOrigin(origin, ownAddresses(c.req.header('host'))))
      return problemResponse(unnamed(origin!));
    if (isPreflight && isNamed) c.res = new Response(null, { status: 204, headers: PREFLIGHT });
    else await next();
    // Whose answer this is goes by who asks, also where nobody did.
    if (origins.length > 0) c.header('vary', 'Origin', { append: true });
    if (!isNamed) return;
    c.header('access-control-allow-origin', origin);
    if (!isPreflight) c.header('access-control-expose-headers', EXPOSED_HEADERS);
  });
}

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': ALLOWED_HEADERS,
  'access-control-max-age': String(PREFLIGHT_MAX_AGE_S),
};

function unnamed(origin: string) {
  const remedy = `let its pages read here by \`http: { cors: ["${origin}"] }\` in the configuration`;
  return problem(403, `origin ${origin} is not named by the server; ${remedy}`, {
    subject: 'origin',
    value: origin,
    remedy,
  });
}
