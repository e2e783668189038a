import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { permits } from '#core/identity/permits.ts';
import { ANYONE, type Principal, STRANGER } from '#core/identity/principal.ts';
import { isOwnOrigin } from '#core/wire/own-origin.ts';
import { problem, problemResponse } from '../http/problem.ts';
import { requestOf } from './actions.ts';
import { type Doorkeeper, type Recognition, shownBy } from './doorkeeper.ts';

/** Who sends a request, and the session by which that is known. */
export interface Sender {
  readonly principal: Principal;
  readonly session: string | undefined;
}

/** Who sends requests, once it is found out. */
export class Senders {
  readonly #senders = new WeakMap<object, Sender>();
  readonly #isAsking: boolean;

  constructor(isAsking: boolean) {
    this.#isAsking = isAsking;
  }

  set({ req }: Context, sender: Sender): void {
    this.#senders.set(req.raw, sender);
  }

  /** Nobody, as long as it wasn't found out. */
  of({ req }: Context): Sender {
    return this.#senders.get(req.raw) ?? { principal: this.#isAsking ? STRANGER : ANYONE, session: undefined };
  }
}

/** Where a request comes from; empty where it came by no socket. */
export function addressOf(c: Context): string {
  return (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket.remoteAddress ?? '';
}

/**
 * Lets a request through that its sender may make. An answer is of who asks: no cache gives it to another. `isAnswered` says
 * whether there is a route for a method and a path.
 */
export function addAccess(
  app: OpenAPIHono,
  doorkeeper: Doorkeeper,
  senders: Senders,
  isAnswered: (method: string, path: string) => boolean,
): void {
  if (!doorkeeper.isAsking) return;
  app.use(async (c, next) => {
    const { method, path } = c.req;
    const request = requestOf(method, path);
    const refusal = request === 'public' ? undefined : refusalOf(c, request);
    if (refusal !== undefined) return refusal;
    watch(c);
    await next();
    keepApart(c, request === 'public');
    return undefined;
  });

  const refusalOf = (c: Context, request: Exclude<ReturnType<typeof requestOf>, 'public'>): Response | undefined => {
    const { method, path } = c.req;
    const address = addressOf(c);
    const shown = shownBy({ authorization: c.req.header('authorization'), cookie: c.req.header('cookie') });
    const recognition = doorkeeper.recognise({ ...shown, address, door: 'http' });
    if (recognition.kind !== 'known') return strangerResponse(c, recognition);
    const { principal, session } = recognition;
    if (session !== undefined && !isFromOwnPage(c)) {
      doorkeeper.forbid('http', address, principal, 'be asked by another page');
      return problemResponse(problem(403, 'a session is for its own pages; send a token from elsewhere'));
    }
    // What leads nowhere says so, and nothing else; a route that was forgotten here is for nobody.
    const isMet =
      request === 'unnamed'
        ? !isAnswered(method, path)
        : permits(principal, { kind: request === 'asks' ? 'list' : request });
    if (!isMet) {
      doorkeeper.forbid('http', address, principal, `${method} ${path}`);
      const remedy = 'ask with a token that may';
      return problemResponse(
        problem(403, `token ${nameOf(principal)} may not ${method} ${path}; ${remedy}`, {
          subject: 'token',
          value: nameOf(principal),
          remedy,
        }),
      );
    }
    if (request === 'recompute' || request === 'decide') doorkeeper.noteAsked(principal, `${method} ${path}`);
    senders.set(c, { principal, session });
    letIn(c, doorkeeper);
    return undefined;
  };

  /** An answer that takes long is cut off once its reader is known no longer. */
  const watch = (c: Context): void => {
    const outgoing = (c.env as Partial<HttpBindings> | undefined)?.outgoing;
    if (outgoing === undefined) return;
    const { principal, session } = senders.of(c);
    outgoing.once(
      'close',
      doorkeeper.enter(principal, session, 'http', () => outgoing.destroy()),
    );
  };
}

/** The connection of a request is no stranger's any longer. */
function letIn(c: Context, { strangers }: Doorkeeper): void {
  const port = (c.env as Partial<HttpBindings> | undefined)?.incoming?.socket.remotePort;
  if (port !== undefined) strangers?.letIn(addressOf(c), port);
}

/** Browsers send the cookie of a session with whatever a page makes them send, and the page's origin with what changes something. */
function isFromOwnPage(c: Context): boolean {
  const { method } = c.req;
  const origin = c.req.header('origin');
  if (origin === undefined) return method === 'GET' || method === 'HEAD';
  return isOwnOrigin(origin, [c.req.header('host') ?? '']);
}

function strangerResponse(c: Context, recognition: Exclude<Recognition, { readonly kind: 'known' }>): Response {
  if (recognition.kind === 'later') {
    const { seconds } = recognition;
    const detail = `the token is not known, nor were those before it; the next is heard in ${seconds} s`;
    const response = problemResponse(problem(429, detail));
    response.headers.set('retry-after', String(seconds));
    return response;
  }
  const remedy = 'send "Authorization: Bearer TOKEN"; "weir tokens add NAME --may read" at the server makes one';
  const response = problemResponse(
    problem(401, `${c.req.method} ${c.req.path} is not for everybody: ${recognition.why}; ${remedy}`, {
      subject: 'token',
      value: '',
      remedy,
    }),
  );
  const error = recognition.why === 'it shows no token' ? '' : ', error="invalid_token"';
  response.headers.set('www-authenticate', `Bearer realm="weir"${error}`);
  return response;
}

function nameOf(principal: Principal): string {
  return principal.kind === 'token' ? principal.name : '';
}

/** Caches that many share keep nothing that is of one, and nobody's own cache gives it to who comes after. */
function keepApart(c: Context, isPublic: boolean): void {
  if (isPublic) return;
  c.header('vary', 'Authorization, Cookie', { append: true });
  const caching = c.res.headers.get('cache-control');
  if (caching !== null && !/\b(?:private|no-store)\b/.test(caching)) c.header('cache-control', `private, ${caching}`);
}
