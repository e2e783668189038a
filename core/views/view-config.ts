import { z } from 'zod';
import { holdMsOf, type Metric } from '../metrics/metric.ts';
import { fixedSpan } from '../time/duration-config.ts';
import { formatDuration } from '../time/duration.ts';
import { nearestNames } from '../time/nearest-name.ts';
import { HELD_SLICES_MAX, type View } from './view.ts';

/** Tags that tell the groups of a view apart. */
const BY_TAGS_MAX = 8;
const SLICE_MS_MAX = 86_400_000;

/** A view's name stands in paths and keys. */
const VIEW_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

const tagValues = z.union([z.string().transform((value) => [value]), z.array(z.string()).min(1)]);

const viewSchema = z.strictObject({
  metric: z.string().meta({ description: 'The metric whose readings are taken.', examples: ['power'] }),
  by: z
    .array(z.string().min(1))
    .max(BY_TAGS_MAX)
    .default([])
    .meta({
      description:
        'The tags that tell groups apart, each of which has windows of its own. Without any, all series are one group.',
      examples: [['region']],
    }),
  where: z
    .record(z.string(), tagValues)
    .default({})
    .meta({
      description: 'The values of tags that a series must have to be taken: one, or a list of those that are as good.',
      examples: [{ region: ['DK1', 'DK2'] }],
    }),
  slice: fixedSpan().meta({
    description:
      'The shortest window that can be asked for: a whole part of a day, and a multiple of the pane of the metric.',
    examples: ['15m'],
  }),
});

/** The `views:` section: what is asked, by name. */
export const viewsSchema = z
  .record(z.string().regex(VIEW_NAME, 'a view is named by letters, digits, dots, dashes and underscores'), viewSchema)
  .transform((views): readonly View[] =>
    Object.entries(views).map(([name, { metric, by, where, slice }]) => ({ name, metric, by, where, sliceMs: slice })),
  );

/** What is wrong with a view in the light of the declared metrics; undefined when nothing is. */
export function viewFault(
  view: View,
  metrics: ReadonlyMap<string, Metric>,
): { readonly key: string; readonly message: string } | undefined {
  const metric = metrics.get(view.metric);
  if (metric === undefined) {
    const nearest = nearestNames(view.metric, [...metrics.keys()]);
    const hint = nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : 'declare it under "metrics"';
    return { key: 'metric', message: `metric ${view.metric} is not declared; ${hint}` };
  }
  if (view.sliceMs % metric.paneMs !== 0) {
    return {
      key: 'slice',
      message: `a slice is a multiple of the metric's pane (${metric.paneMs / 1000} s); ${view.sliceMs / 1000} s is not`,
    };
  }
  if (view.sliceMs > SLICE_MS_MAX || SLICE_MS_MAX % view.sliceMs !== 0) {
    return {
      key: 'slice',
      message: `a slice divides a day evenly (1m, 5m, 15m, 1h, …); ${view.sliceMs / 1000} s does not`,
    };
  }
  const heldMs = holdMsOf(metric);
  if (metric.kind === 'gauge' && heldMs > HELD_SLICES_MAX * view.sliceMs) {
    const narrowest = formatDuration({ kind: 'fixed', ms: narrowestSliceMs(heldMs / HELD_SLICES_MAX, metric.paneMs) });
    return {
      key: 'slice',
      message:
        `a value of ${metric.name} is held for up to ${heldMs / 1000} s (\`hold\`, three intervals unless it says ` +
        `otherwise): more than ${HELD_SLICES_MAX} slices of ${view.sliceMs / 1000} s; take slices of ${narrowest} or more`,
    };
  }
  if (new Set(view.by).size < view.by.length) return { key: 'by', message: 'names a tag twice; once is enough' };
  return undefined;
}

/** The narrowest slice of whole panes that divides a day and is no narrower than `leastMs`, at most a day. */
function narrowestSliceMs(leastMs: number, paneMs: number): number {
  let count = Math.max(1, Math.floor(SLICE_MS_MAX / leastMs));
  while (count > 1 && (SLICE_MS_MAX % count !== 0 || (SLICE_MS_MAX / count) % paneMs !== 0)) count--;
  return SLICE_MS_MAX / count;
}
