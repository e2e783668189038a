import type { LogReport } from '#backbone/log/log.ts';
import { type Address, formatAddress } from '../address.ts';
import type { RunningServer } from '../compose/server.ts';
import type { WeirConfig } from '../config/schema.ts';
import { asCalled } from './output.ts';

export interface BannerFacts {
  readonly version: string;
  readonly server: Pick<RunningServer, 'httpPort' | 'mqttPort' | 'log' | 'known'>;
  readonly http: Address;
  readonly mqtt: Address;
  readonly dataDir: string;
  readonly config: Pick<WeirConfig, 'metrics' | 'views' | 'tls'> & Partial<Pick<WeirConfig, 'stores' | 'mqtt'>>;
  readonly simulates: string | undefined;
}

/** What `weir up` says once it listens. The first address is the dashboard's. */
export function banner({ version, server, http, mqtt, dataDir, config, simulates }: BannerFacts): string {
  const web = `http${config.tls === undefined ? '' : 's'}://${formatAddress({ ...http, port: server.httpPort })}/`;
  const lines = [
    `weir ${version} runs; Ctrl-C stops it`,
    '',
    `dashboard  ${web}`,
    `API        ${web}api/v1/views (described at ${web}openapi.json)`,
    `MQTT       ${formatAddress({ ...mqtt, port: server.mqttPort })}${config.tls === undefined ? '' : ' (TLS)'}`,
    ...(config.mqtt?.websocket === true
      ? [
          `WebSocket  ws${config.tls === undefined ? '' : 's'}://${formatAddress({ ...mqtt, port: server.mqttPort })}/mqtt`,
        ]
      : []),
    `identity   ${identityLine(server.known)}`,
    `data       ${dataDir}`,
    ...logReportLines(server.log),
    ...(simulates === undefined ? [] : [`simulates  ${simulates}`]),
    ...(config.stores?.influx === undefined
      ? []
      : [`store      InfluxDB at ${config.stores.influx.url}, bucket ${config.stores.influx.bucket}`]),
    `views      ${config.views.length === 0 ? 'none' : config.views.map(({ name }) => name).join(', ')}`,
  ];
  return `${[...lines, ...hints(config)].join('\n')}\n`;
}

function identityLine(known: RunningServer['known']): string {
  if (known === undefined) return 'none: who reaches these ports may read and write';
  const { agents, tokens } = known;
  return asCalled(
    `required: ${agents} agent${agents === 1 ? '' : 's'} enrolled, ${tokens} token${tokens === 1 ? '' : 's'}; "weir agents enroll" and "weir tokens add" let in more`,
  );
}

function hints({ metrics, views }: BannerFacts['config']): readonly string[] {
  if (views.length > 0) return [];
  const taken =
    metrics.size === 0 ? 'What agents declare is taken and kept' : 'What agents send of the declared metrics is kept';
  return [
    '',
    asCalled(`${taken}, but no view asks for it yet. "weir init" writes a configuration to start from;`),
    asCalled('"weir up --simulate denmark" shows live meters.'),
  ];
}

/** What a log really does, and which promises don't hold on it, in words. */
export function logReportLines(report: LogReport): readonly string[] {
  const { engine, place, partitions, durability, replicas, limits, discard, shortfalls } = report;
  const size = limits.storeBytesMax === undefined ? 'as large as the disk' : `at most ${limits.storeBytesMax} bytes`;
  const full =
    discard === 'new' ? 'new records wait when it is full' : 'the oldest records are forgotten when it is full';
  return [
    `log        ${engine}, ${partitions} partition${partitions === 1 ? '' : 's'}, at ${place}`,
    `           survives ${durability.survives} (${durability.how}), ${replicas} cop${replicas === 1 ? 'y' : 'ies'}, ${size}; ${full}`,
    ...shortfalls.map(({ promise, why }) => `           does not hold: ${promise}: ${why}`),
  ];
}
