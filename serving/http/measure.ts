import type { OpenAPIHono } from '@hono/zod-openapi';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is measured of an index. */
interface MeasuredIndex {
  readonly cache: { readonly bytes: number; readonly pageCount: number };
}

/** Counts requests and their time by route, and what the index holds. */
export function measureRequests(app: OpenAPIHono, registry: Registry, index: MeasuredIndex): void {
  const registers = [registry];
  const requests = new Counter({
    name: 'weir_serving_requests_total',
    help: 'Requests by route and status',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'weir_serving_request_duration_seconds',
    help: 'Time until the head of the response',
    labelNames: ['route'],
    buckets: SECONDS_BUCKETS,
    registers,
  });
  addGauge(registry, 'weir_serving_index_bytes', 'Bytes of pages in the index', () => index.cache.bytes);
  addGauge(registry, 'weir_serving_index_pages', 'Pages in the index', () => index.cache.pageCount);
  // Found at the first request: then all routes are there.
  let known: ReadonlySet<string> | undefined;
  app.use(async (c, next) => {
    const end = seconds.startTimer();
    await next();
    const matched = c.req.routePath;
    known ??= new Set(app.routes.map(({ path }) => path).filter((path) => !path.includes('*')));
    const route = known.has(matched) ? matched : 'other';
    requests.inc({ route, status: String(c.res.status) });
    end({ route });
  });
}

/** A gauge that is read when it is asked for. */
export function addGauge(registry: Registry, name: string, help: string, value: () => number): void {
  const registers = [registry];
  const one: Gauge = new Gauge({ name, help, registers, collect: () => one.set(value()) });
}
