import { OpenAPIHono } from '@hono/zod-openapi';
import { Counter, Gauge, Histogram } from 'prom-client';
import { nearestNames } from '#core/time/nearest-name.ts';
import { reasonOf } from '#backbone/error.ts';
import { QuestionError } from '../answers/question-error.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addLedgerRoutes } from './ledger-routes.ts';
import { addOperationRoutes } from './operation-routes.ts';
import type { ServingOptions } from './options.ts';
import { isOwnOrigin } from './origin.ts';
import { problem, problemOf, problemResponse } from './problem.ts';
import { addSessionsRoute } from './sessions-routes.ts';
import { addStaticFiles } from './static-files.ts';
import { addViewsRoute } from './view-routes.ts';
import type { ViewReader } from './view-reader.ts';
import { addWindowsRoute } from './windows-routes.ts';

const SECONDS_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The HTTP interface: every route, described by the schemas that check it at /openapi.json. */
export function buildApp(reader: ViewReader, options: ServingOptions, whyNotReady: () => string | undefined): OpenAPIHono {
  const { index } = reader;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0]!;
      const [what, remedy] = issue.message.split('; ');
      const name = issue.path.join('.');
      throw new QuestionError('parameter', name, what ?? 'is wrong', remedy ?? `see /openapi.json`);
    },
  });
  measure(app, options, index);
  app.use(async (c, next) => {
    const isSafe = c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'OPTIONS';
    if (isSafe || isOwnOrigin(c.req.header('origin'), c.req.header('host'))) return next();
    return problemResponse(problem(403, `origin ${c.req.header('origin')} is not this server; send the request from its own pages, or without an Origin header`));
  });
  addWindowsRoute(app, reader);
  addSessionsRoute(app, reader);
  addViewsRoute(app, reader, options);
  addLedgerRoutes(app, index, options);
  addOperationRoutes(app, reader, options);
  addHealthRoutes(app, { whyNotReady, status: options.status, registry: options.registry });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Weir', version: '1', description: 'Windows of views, exact and live. Errors are problem details (RFC 9457).' },
  });
  addStaticFiles(app, options.dashboardDir);
  app.notFound((c) => problemResponse(notFound(app, c.req.path)));
  app.onError((error) => {
    const told = problemOf(error);
    if (told.status === 500) options.logger.error({ reason: reasonOf(error), stack: error.stack }, 'a request failed');
    return problemResponse(told);
  });
  return app;
}

function notFound(app: OpenAPIHono, path: string) {
  const known = [...new Set(app.routes.map((route) => route.path))].filter((one) => !one.includes('*'));
  const nearest = nearestNames(path, known);
  const remedy = nearest.length === 0 ? 'see /openapi.json for what there is' : `did you mean ${nearest.join(' or ')}?`;
  return problem(404, `path ${JSON.stringify(path)} leads nowhere; ${remedy}`, { subject: 'path', value: path, remedy });
}

/** Counts requests and their time by route, and what the index holds. */
function measure(app: OpenAPIHono, { registry }: ServingOptions, index: ServingIndex): void {
  const registers = [registry];
  const requests = new Counter({ name: 'weir_serving_requests_total', help: 'Requests by route and status', labelNames: ['route', 'status'], registers });
  const seconds = new Histogram({ name: 'weir_serving_request_seconds', help: 'Time until the head of the response', labelNames: ['route'], buckets: SECONDS_BUCKETS, registers });
  gauge(registry, 'weir_serving_index_bytes', 'Bytes of pages in the index', () => index.cache.bytes);
  gauge(registry, 'weir_serving_index_pages', 'Pages in the index', () => index.cache.pageCount);
  const known = (): ReadonlySet<string> => new Set(app.routes.map((route) => route.path));
  app.use(async (c, next) => {
    const end = seconds.startTimer();
    await next();
    const matched = c.req.routePath;
    const route = known().has(matched) && !matched.includes('*') ? matched : 'other';
    requests.inc({ route, status: String(c.res.status) });
    end({ route });
  });
}

function gauge(registry: ServingOptions['registry'], name: string, help: string, value: () => number): void {
  const registers = [registry];
  const one: Gauge = new Gauge({ name, help, registers, collect: () => one.set(value()) });
}
