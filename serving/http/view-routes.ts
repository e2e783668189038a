import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerable } from '#core/stats/statistics.ts';
import { formatDuration } from '#core/time/duration.ts';
import { formatInstant } from '#core/time/instant.ts';
import { unitsOf } from '../answers/write-json.ts';
import type { ServingOptions } from './options.ts';
import { getRoute, jsonDoc } from './schemas.ts';
import type { ReaderOf } from './view-reader.ts';

const ViewsSchema = z.object({
  views: z.array(
    z.object({
      name: z.string(),
      metric: z.string(),
      unit: z.string().nullable(),
      decimals: z.number().nullable(),
      kind: z.string().nullable(),
      interval: z.string().nullable().openapi({ description: 'A series promises a reading in each' }),
      quantiles: z.boolean().nullable(),
      units: z.record(z.string(), z.string().nullable()).openapi({
        description: 'The statistics that the view answers, beside quantiles, each with its unit; null of a count',
      }),
      by: z.array(z.string()),
      where: z.record(z.string(), z.array(z.string())),
      slice: z.string(),
      versions: z.array(
        z.object({
          version: z.number(),
          state: z.string(),
          cut: z.array(z.number()),
          published: z.string().nullable(),
          results: z.number(),
        }),
      ),
    }),
  ),
});

/** The declared views. */
export type ViewsAnswer = z.infer<typeof ViewsSchema>;

const route = getRoute('/api/v1/views', 'The declared views and their versions', {
  200: jsonDoc('All views', ViewsSchema),
});

export function addViewsRoute(app: OpenAPIHono, readerOf: ReaderOf, options: Pick<ServingOptions, 'metrics'>): void {
  app.openapi(route, (c) => {
    const reader = readerOf(c);
    const views = reader.views().map((view) => {
      const metric = options.metrics.get(view.metric);
      const versions = (reader.index.manifest(view.name)?.versions ?? []).map(({ version, state, batch }) => ({
        version,
        state,
        cut: [...batch.cut],
        published: batch.results.length === 0 ? null : formatInstant(batch.publishedAtMs),
        results: batch.results.length,
      }));
      return {
        name: view.name,
        metric: view.metric,
        unit: metric?.unit ?? null,
        decimals: metric?.decimals ?? null,
        kind: metric?.kind ?? null,
        interval: metric === undefined ? null : formatDuration({ kind: 'fixed', ms: metric.intervalMs }),
        quantiles: metric?.quantiles ?? null,
        units: metric === undefined ? {} : unitsOf({ metric, stats: answerable(metric) }),
        by: [...view.by],
        where: Object.fromEntries(Object.entries(view.where).map(([tag, values]) => [tag, [...values]])),
        slice: formatDuration({ kind: 'fixed', ms: view.sliceMs }),
        versions,
      };
    });
    return c.json({ views }, 200);
  });
}
