import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { etag } from 'hono/etag';
import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { addAccess, Senders } from '../access/access.ts';
import type { Doorkeeper } from '../access/doorkeeper.ts';
import { addLogin } from '../access/login.ts';
import { addWhoami } from '../access/whoami.ts';
import { QueryError } from '../answers/query.ts';
import { describeStream } from '../stream/async-api.ts';
import { STREAM_PATH } from '../stream/stream-server.ts';
import { addBackupRoute } from './backup-route.ts';
import { addCors } from './cors.ts';
import { addDescription } from './describe-api.ts';
import { addGroupsRoute } from './group-routes.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { measureRequests } from './measure.ts';
import { addOperationRoutes } from './operation-routes.ts';
import type { ServingOptions } from './options.ts';
import { addOrderRoutes } from './order-routes.ts';
import { addPage } from './page.ts';
import { problem, problemOf, problemResponse } from './problem.ts';
import { addQueryRoutes } from './query-routes.ts';
import { addSafety, compressed, type OwnAddresses } from './safety.ts';
import type { ReaderOf, ViewReader } from './view-reader.ts';
import { addViewsRoute } from './view-routes.ts';

/** The HTTP interface: every route, described by the schemas that check it at /openapi.json. */
export function buildApp(
  reader: ViewReader,
  options: ServingOptions,
  whyNotReady: () => Promise<string | undefined>,
  ownAddresses: OwnAddresses,
  doorkeeper: Doorkeeper,
): OpenAPIHono {
  const { index } = reader;
  const app = openApp(options.logger);
  measureRequests(app, options.registry, index);
  addCors(app, options.corsOrigins ?? [], ownAddresses);
  addSafety(app, ownAddresses);
  const senders = new Senders(doorkeeper.isAsking);
  addAccess(app, doorkeeper, senders, (method, path) => methodsAt(app.routes, path).includes(method));
  const readerOf: ReaderOf = (c) => reader.as(senders.of(c).principal);
  app.use(keptByNobody);
  app.use('/api/v1/views/*', compressed);
  for (const path of ['/openapi.json', '/asyncapi.json']) app.use(path, compressed, described);
  addWhoami(app, senders);
  addQueryRoutes(app, index, readerOf);
  addViewsRoute(app, readerOf, options);
  addGroupsRoute(app, readerOf);
  addLedgerRoutes(app, index, options);
  addOperationRoutes(app, reader, options);
  if (options.backup !== undefined) addBackupRoute(app, options.backup, options.logger);
  if (options.orders !== undefined) addOrderRoutes(app, options.orders);
  addHealthRoutes(app, {
    // The reason names what is inside, and is for the log where everybody may ask.
    whyNotReady: doorkeeper.isAsking ? async () => ((await whyNotReady()) === undefined ? undefined : '') : whyNotReady,
    status: options.status,
    registry: options.registry,
  });
  addDescription(app, doorkeeper.isAsking, doorkeeper.isAsking ? [] : options.views);
  addStreamNote(app);
  app.get('/asyncapi.json', (c) => c.json(describeStream(STREAM_PATH, new URL(c.req.url).host)));
  addLogin(app, doorkeeper);
  addPage(app, options.dashboardDir);
  return app;
}

/** What says nothing else is as of now, and what a cache would guess of it is wrong (RFC 9111, 4.2.2). */
const keptByNobody: MiddlewareHandler = async (c, next) => {
  await next();
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
};

/** A description changes with the program: caches keep it, and ask each time whether it has changed. */
const described: MiddlewareHandler = async (c, next) => {
  const response = await tagged(c, next);
  c.header('cache-control', 'no-cache');
  return response;
};
const tagged = etag();

/** What comes to the place of the stream by plain HTTP learns what to speak there (RFC 9110, 15.5.22). */
function addStreamNote(app: OpenAPIHono): void {
  app.get(STREAM_PATH, (c) => {
    const remedy = 'open it as a WebSocket (RFC 6455)';
    const parts = { subject: 'upgrade', value: c.req.header('upgrade') ?? '', remedy };
    const response = problemResponse(problem(426, `the stream is no HTTP; ${remedy}`, parts));
    response.headers.set('upgrade', 'websocket');
    return response;
  });
}

/** An interface without routes, which says of every request that is wrong, or fails, what the problem is. */
export function openApp(logger: Logger): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0]!;
      const [what, remedy] = issue.message.split('; ');
      const name = issue.path.join('.');
      throw new QueryError('parameter', name, what ?? 'is wrong', remedy ?? `see /openapi.json`);
    },
  });
  app.notFound((c) => {
    const allowed = methodsAt(app.routes, c.req.path);
    if (allowed.length === 0 || allowed.includes(c.req.method)) return problemResponse(notFound(app, c.req.path));
    return methodNotAllowed(c.req.method, c.req.path, allowed);
  });
  app.onError((error) => {
    const told = problemOf(error);
    if (told.status === 500) logger.error({ reason: reasonOf(error), stack: error.stack }, 'a request failed');
    return problemResponse(told);
  });
  return app;
}

/** The methods that a path is asked with, where it leads anywhere. */
export function methodsAt(
  routes: readonly { readonly method: string; readonly path: string }[],
  path: string,
): readonly string[] {
  const asked = path.split('/');
  const methods = routes
    .filter(({ method, path: pattern }) => {
      const parts = pattern.split('/');
      const leads =
        parts.length === asked.length && parts.every((part, i) => part.startsWith(':') || part === asked[i]);
      return method !== 'ALL' && leads;
    })
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...new Set(methods)];
}

function methodNotAllowed(method: string, path: string, allowed: readonly string[]): Response {
  const remedy = `use ${allowed.join(' or ')}`;
  const parts = { subject: 'method', value: method, remedy };
  const response = problemResponse(problem(405, `method ${method} is not for ${path}; ${remedy}`, parts));
  response.headers.set('allow', allowed.join(', '));
  return response;
}

/** A route with the names that a path has in the places of its own. */
function likePath(route: string, path: string): string {
  const asked = path.split('/');
  return route
    .split('/')
    .map((part, i) => (part.startsWith(':') ? asked[i] || part : part))
    .join('/');
}

function notFound(app: OpenAPIHono, path: string) {
  const known = [...new Set(app.routes.map((route) => likePath(route.path, path)))].filter((one) => !one.includes('*'));
  const nearest = nearestNames(path, known);
  const remedy = nearest.length === 0 ? 'see /openapi.json for what there is' : `did you mean ${nearest.join(' or ')}?`;
  return problem(404, `path ${JSON.stringify(path)} leads nowhere; ${remedy}`, {
    subject: 'path',
    value: path,
    remedy,
  });
}
