import { z } from 'zod';
import { PARTITIONS_MAX } from '#backbone/log/log.ts';
import { BATCH_STATES_KEPT } from '#backbone/manifests/manifest.ts';
import { metricsSchema } from '#core/metrics/metric-config.ts';
import { fixedSpan } from '#core/time/span-config.ts';
import { viewsSchema } from '#core/views/view-config.ts';
import { AGENT_ID } from '#core/wire/topics.ts';
import { sourceKind } from '#edge-agent/sources/source-kind.ts';
import { SOURCE_KINDS, sourcesSchema } from '#edge-agent/sources/source-kinds.ts';
import { SPOOL_BYTES_MIN } from '#edge-agent/spool/limits.ts';
import { SIMULATE } from '../compose/simulate-kind.ts';

const SPOOL_BYTES_DEFAULT = '256MB';
/** A run takes some tenths of a second, however little there is to add up. */
const BATCH_ROWS_MIN = 10_000;
const UNITS: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** An amount of bytes: a number with KB, MB, GB or TB (powers of 1000). */
const byteCount = z.string().transform((text, context) => {
  const parts = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB)$/.exec(text.trim());
  if (parts?.[1] === undefined || parts[2] === undefined) {
    context.addIssue({ code: 'custom', message: `${text} is no amount of bytes; write it like 256MB or 2GB` });
    return z.NEVER;
  }
  return Math.round(Number(parts[1]) * UNITS[parts[2]]!);
});

const agentSchema = z.strictObject({
  id: z
    .string()
    .regex(
      AGENT_ID,
      'an agent id has up to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit',
    ),
  broker: z
    .string()
    .regex(/^mqtt:\/\/[^\s/]+\/?$/, 'the broker is a URL like mqtt://127.0.0.1:1883')
    .default('mqtt://127.0.0.1:1883'),
  spool: z
    .strictObject({
      dir: z.string().min(1).optional(),
      bytes: byteCount
        .refine(
          (bytes) => bytes >= SPOOL_BYTES_MIN,
          `a spool has at least ${Math.ceil(SPOOL_BYTES_MIN / 1e6)}MB, room for a few of the largest frames`,
        )
        .prefault(SPOOL_BYTES_DEFAULT),
    })
    .prefault({}),
});

const backboneSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('embedded'), partitions: z.int().min(1).max(PARTITIONS_MAX).optional() }),
  z.strictObject({
    kind: z.literal('nats'),
    servers: z.array(z.string().regex(/^nats:\/\/.+/, 'a server is a URL like nats://127.0.0.1:4222')).min(1),
    // How often a server syncs is told by its monitoring page only.
    monitor: z
      .string()
      .regex(/^https?:\/\/.+/, 'a monitoring page is a URL like http://127.0.0.1:8222')
      .optional(),
    partitions: z.int().min(1).max(PARTITIONS_MAX).optional(),
  }),
]);

const everySpan = fixedSpan().refine((ms) => ms >= 1000, 'a run begins every second at most');

/** When the batch layer runs by itself, and how many of its states are kept. */
const batchSchema = z.strictObject({
  /** In ms; null: never. */
  every: z.union([z.literal('never').transform(() => null), everySpan]).prefault('15m'),
  rows: z.int().min(BATCH_ROWS_MIN).default(2_000_000),
  keep: z.int().min(1).max(BATCH_STATES_KEPT).default(3),
});

const storeSchema = z.strictObject({ kind: z.literal('level') });

/** weir.yaml: one file for all parts; a part reads its own sections. */
export const configSchema = z.strictObject({
  metrics: metricsSchema.prefault({}),
  agent: agentSchema.optional(),
  sources: sourcesSchema([...SOURCE_KINDS, sourceKind(SIMULATE)]).default({}),
  backbone: backboneSchema.default({ kind: 'embedded' }),
  store: storeSchema.default({ kind: 'level' }),
  views: viewsSchema.prefault({}),
  batch: batchSchema.prefault({}),
});

export type WeirConfig = z.output<typeof configSchema>;
export type BackboneConfig = WeirConfig['backbone'];
export type AgentConfig = z.output<typeof agentSchema>;
