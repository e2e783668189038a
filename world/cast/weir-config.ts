import { configSchema, type WeirConfig } from '#cli/config/schema.ts';
import type { Setting } from '../plan/plan.ts';
import { SOURCE_PORT } from './sensor.ts';

/** The configuration of the server, or of one agent, as `weir.yaml` would say it. */
export function weirConfig(setting: Setting, agent?: string): WeirConfig {
  return configSchema.parse({
    metrics: setting.metrics,
    views: setting.views,
    backbone: { kind: 'embedded', partitions: setting.partitions },
    ...(agent === undefined
      ? {}
      : {
          agent: { id: agent, broker: 'mqtt://server:1883', spool: { dir: '/spool', bytes: '32MB' } },
          sources: {
            http: { kind: 'http', listen: `0.0.0.0:${SOURCE_PORT}`, lateness: `${setting.latenessMs / 1000}s` },
          },
        }),
  });
}
