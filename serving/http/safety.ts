import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { secureHeaders } from 'hono/secure-headers';
import { isOwnHost, isOwnOrigin } from '#core/wire/own-origin.ts';
import { type Problem, problem, problemResponse } from './problem.ts';

/** The largest body of a request: nothing here takes more than a few words. */
export const BODY_BYTES_MAX = 16 * 1024;

/** Smaller answers cost more to compress than to send. */
export const COMPRESSED_BYTES_MIN = 16 * 1024;

/**
 * A page may load only what its own origin serves, and be framed by nobody (Content Security Policy Level 3). Headers
 * that speak about the transport are left to whoever terminates TLS.
 */
const HEADERS = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    styleSrc: ["'self'", "'unsafe-inline'"],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
    formAction: ["'self'"],
  },
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // With none, as the library has it, browsers name no origin when a form is posted (Fetch, 3.2), and nobody could sign in.
  referrerPolicy: 'same-origin',
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: 'DENY',
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/**
 * Compresses answers for readers that ask for it; those of others are left alone, which the library would make streams
 * of. Rows are sent as they are: they stream to programs that are near, and lines of progress must not wait until a
 * block is full.
 */
export const compressed: MiddlewareHandler = (c, next) =>
  c.req.header('accept-encoding') === undefined ? next() : compressing(c, next);

const compressing = compress({
  threshold: COMPRESSED_BYTES_MIN,
  contentTypeFilter: /^(?:text\/(?:html|css|javascript)|application\/json|image\/svg\+xml)(?:;|$)/,
});

/**
 * The addresses under which the server is reached, once it listens. Where it asks who comes, any by which it is named: what other machines
 * call it is theirs to say, and a page of another name has neither a token nor a session.
 */
export type OwnAddresses = (host: string | undefined) => readonly string[];

/** Why a request isn't for this server, by its Host; undefined where it is. */
export function hostProblem(host: string | undefined, addresses: readonly string[]): Problem | undefined {
  if (isOwnHost(host, addresses)) return undefined;
  return problem(421, `host ${host} is not this server; ask it as ${addresses.join(' or ')}`);
}

/** What every request goes through: headers that keep browsers safe, no other name, no other page's changes, no large body. */
export function addSafety(app: OpenAPIHono, ownAddresses: OwnAddresses): void {
  app.use(HEADERS);
  app.use(async (c, next) => {
    const host = c.req.header('host');
    const foreign = hostProblem(host, ownAddresses(host));
    if (foreign !== undefined) return problemResponse(foreign);
    const isSafe = c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'OPTIONS';
    const origin = c.req.header('origin');
    if (isSafe || isOwnOrigin(origin, ownAddresses(host))) return next();
    const remedy = 'send the request from its own pages, or without an Origin header';
    return problemResponse(problem(403, `origin ${origin} is not this server; ${remedy}`));
  });
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_MAX,
      onError: () => problemResponse(problem(413, `the body is larger than ${BODY_BYTES_MAX} bytes; send less`)),
    }),
  );
}
