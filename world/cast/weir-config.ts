import { configSchema, type WeirConfig } from '#cli/config/schema.ts';
import type { Setting } from '../plan/plan.ts';
import { FILE_PATH } from './logger-file.ts';
import { SOURCE_PORT } from './sensor.ts';

/** Where what a configuration names is found. */
export interface Places {
  readonly broker: string;
  readonly spool: string;
  /** Where an agent's HTTP source listens. */
  readonly listen: string;
  /** The file that a device writes beside an agent. */
  readonly file: string;
}

const SIMULATED: Places = {
  broker: 'mqtt://server:1883',
  spool: '/spool',
  listen: `127.0.0.1:${SOURCE_PORT}`,
  file: FILE_PATH,
};

/** The configuration of the server, or of one agent. */
export function weirConfig(setting: Setting, agent?: string): WeirConfig {
  return configSchema.parse(declared(setting, agent, SIMULATED));
}

/** The same as `weir.yaml` would say it. */
export function declared(setting: Setting, agent: string | undefined, places: Places): object {
  return {
    metrics: setting.metrics,
    views: setting.views,
    backbone: { kind: 'embedded', partitions: setting.partitions },
    ...(setting.retention === undefined ? {} : { retention: setting.retention }),
    ...(agent === undefined
      ? {}
      : {
          agent: { id: agent, broker: places.broker, spool: { dir: places.spool, bytes: '32MB' } },
          sources: {
            ...(readsFile(setting, agent) ? { file: fileSource(setting, agent, places.file) } : {}),
            http: {
              kind: 'http',
              listen: places.listen,
              lateness: `${setting.latenessMs / 1000}s`,
              ...sinceOf(setting, agent),
            },
          },
        }),
  };
}

/** Whether an agent also reads what a device beside it writes. */
export function readsFile(setting: Setting, agent: string): boolean {
  return setting.series.some((one) => one.agent === agent && one.by === 'file');
}

function sinceOf({ since }: Setting, agent: string): { since?: string } {
  const sinceMs = since?.[agent];
  return sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() };
}

function fileSource(setting: Setting, agent: string, file: string): object {
  const { metrics, latenessMs } = setting;
  return {
    kind: 'csv',
    file,
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
