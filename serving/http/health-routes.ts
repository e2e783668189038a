import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Registry } from 'prom-client';
import { AnyObject, getRoute, jsonDoc } from './schemas.ts';

const Health = z.object({ status: z.enum(['live', 'ready', 'not ready']), reason: z.string().optional() });

const liveRoute = getRoute('/health/live', 'Whether the process runs', { 200: jsonDoc('It runs', Health) });

const readyRoute = getRoute(
  '/health/ready',
  'Whether answers reach the end that the log had at the start, and what is acknowledged is kept',
  {
    200: jsonDoc('They do', Health),
    503: jsonDoc('Not yet', Health),
  },
);

const statusRoute = getRoute('/api/v1/status', 'What runs', { 200: jsonDoc('What runs', AnyObject) });

const metricsRoute = getRoute('/metrics', 'Measurements for Prometheus', {
  200: { description: 'Text exposition format', content: { 'text/plain': { schema: z.string() } } },
});

export interface HealthOptions {
  /** Why the node isn't ready, or undefined where it is; empty where that is for nobody to know. */
  readonly whyNotReady: () => Promise<string | undefined>;
  readonly status: () => unknown;
  readonly registry: Registry;
}

export function addHealthRoutes(app: OpenAPIHono, { whyNotReady, status, registry }: HealthOptions): void {
  app.openapi(liveRoute, (c) => c.json({ status: 'live' as const }, 200));
  app.openapi(readyRoute, async (c) => {
    const reason = await whyNotReady();
    return reason === undefined
      ? c.json({ status: 'ready' as const }, 200)
      : c.json({ status: 'not ready' as const, ...(reason === '' ? {} : { reason }) }, 503);
  });
  app.openapi(statusRoute, async (c) => c.json((await status()) as Record<string, unknown>, 200));
  app.openapi(metricsRoute, async (c) =>
    c.text(await registry.metrics(), 200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }),
  );
}
