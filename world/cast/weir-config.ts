import { configSchema, type WeirConfig } from '#cli/config/schema.ts';
import type { Setting } from '../plan/plan.ts';
import { FILE_PATH } from './logger-file.ts';
import { SOURCE_PORT } from './sensor.ts';

/** The configuration of the server, or of one agent, as `weir.yaml` would say it. */
export function weirConfig(setting: Setting, agent?: string): WeirConfig {
  return configSchema.parse({
    metrics: setting.metrics,
    views: setting.views,
    backbone: { kind: 'embedded', partitions: setting.partitions },
    ...(setting.retention === undefined ? {} : { retention: setting.retention }),
    ...(agent === undefined
      ? {}
      : {
          agent: { id: agent, broker: 'mqtt://server:1883', spool: { dir: '/spool', bytes: '32MB' } },
          sources: {
            ...(readsFile(setting, agent) ? { file: fileSource(setting, agent) } : {}),
            http: {
              kind: 'http',
              listen: `127.0.0.1:${SOURCE_PORT}`,
              lateness: `${setting.latenessMs / 1000}s`,
              ...sinceOf(setting, agent),
            },
          },
        }),
  });
}

/** Whether an agent also reads what a device beside it writes. */
export function readsFile(setting: Setting, agent: string): boolean {
  return setting.series.some((one) => one.agent === agent && one.by === 'file');
}

function sinceOf({ since }: Setting, agent: string): { since?: string } {
  const sinceMs = since?.[agent];
  return sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() };
}

function fileSource(setting: Setting, agent: string): object {
  const { metrics, latenessMs } = setting;
  return {
    kind: 'csv',
    file: FILE_PATH,
    delimiter: ';',
    follow: true,
    lateness: `${latenessMs / 1000}s`,
    time: { columns: ['time'], format: 'unix-ms' },
    series: Object.keys(metrics).map((metric) => ({
      metric,
      value: 'value',
      when: { metric },
      device: '{device}',
      tags: { region: '{region}' },
      ...sinceOf(setting, agent),
    })),
  };
}
