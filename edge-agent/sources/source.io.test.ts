import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { connectAsync } from 'mqtt';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { RequestSource } from './doors/request-source.ts';
import type { MqttSource } from './mqtt/mqtt-source.ts';
import { BATCHES, describeSource, type SourceCase } from './source.cases.ts';
import { declaredSource, FAR_FUTURE_MS, metricsOf } from './sources.fixtures.ts';

const ROWS = 40;
/** So few bytes at a time that a file gives several batches. */
const limits = { chunkBytes: 100, lineBytesMax: 100, batchReadingsMax: 100 };
const metrics = metricsOf(metricNamed('power'));
const times = Array.from({ length: ROWS }, (_, i) => Date.UTC(2024, 0, 1) + i * 1_000);
const texts = {
  csv: ['ts,device,value', ...times.map((timeMs, i) => `${timeMs},d${i % 3},${i}`), ''].join('\n'),
  ndjson: times.map((timeMs, i) => `${JSON.stringify({ ts: timeMs, device: `d${i % 3}`, value: i })}\n`).join(''),
};

const folder = await sharedFolder('sources');
for (const [kind, text] of Object.entries(texts)) await writeFile(join(folder, `rows.${kind}`), text);

function caseOf(section: Readonly<Record<string, unknown>>, feed?: SourceCase['feed']): SourceCase {
  const declared = declaredSource(section);
  const stdin = (): Readable => Readable.from(texts.csv.match(/[^]{1,99}/g)!.map((text) => Buffer.from(text)));
  return {
    supports: declared.supports,
    open: (registry) => declared.open('rows', { metrics, registry, folder, stdin, nowMs: () => FAR_FUTURE_MS, limits }),
    ...(feed === undefined ? {} : { feed }),
  };
}

const rows = {
  time: { columns: ['ts'], format: 'unix-ms' },
  series: [{ metric: 'power', value: 'value', device: '{device}' }],
};

/** Sends one request after the other, so that each has a batch of its own; what is left when the source stops is refused. */
function sendTo(path: string, bodyAt: (timeMs: number) => string): NonNullable<SourceCase['feed']> {
  return async (source) => {
    const { port } = await (source as RequestSource).listening;
    const send = async (): Promise<void> => {
      for (const timeMs of times.slice(0, BATCHES + 1)) {
        await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: bodyAt(timeMs) });
      }
    };
    send().catch(() => undefined);
  };
}

/** Publishes one message after the other, so that each has a batch of its own. */
async function publishMessages(source: unknown): Promise<void> {
  const { port } = await (source as MqttSource).listening!;
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  const publish = async (): Promise<void> => {
    for (const timeMs of times.slice(0, BATCHES + 1)) {
      await client.publishAsync('meters/d', JSON.stringify({ ts: timeMs, value: 1.5 }), { qos: 1 });
    }
  };
  publish().catch(() => undefined);
}

const TOPICS = [{ topic: 'meters/+', names: ['device'], ...rows }];
const sendReadings = sendTo('/readings', (timeMs) =>
  JSON.stringify([{ time: timeMs, metric: 'power', device: 'd', value: 1.5 }]),
);
const writePoints = sendTo('/api/v2/write', (timeMs) => `meter,id=d kw=1.5 ${timeMs}000000`);
const points = { listen: '127.0.0.1:0', series: [{ metric: 'power', value: 'meter.kw', device: '{id}' }] };

describeSource('a CSV file', () => caseOf({ kind: 'csv', file: 'rows.csv', ...rows }));
describeSource('a CSV file that is followed', () => caseOf({ kind: 'csv', file: 'rows.csv', follow: true, ...rows }));
describeSource('standard input', () => caseOf({ kind: 'csv', file: '-', ...rows }));
describeSource('an NDJSON file', () => caseOf({ kind: 'ndjson', file: 'rows.ndjson', ...rows }));
describeSource('HTTP', () => caseOf({ kind: 'http', listen: '127.0.0.1:0' }, sendReadings));
describeSource('MQTT', () => caseOf({ kind: 'mqtt', listen: '127.0.0.1:0', topics: TOPICS }, publishMessages));
describeSource('line protocol', () => caseOf({ kind: 'line-protocol', ...points }, writePoints));
