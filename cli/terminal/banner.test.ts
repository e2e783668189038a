import { describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { banner, logReportLines } from './banner.ts';
import { SAMPLE_LOG_REPORT } from './terminal.fixtures.ts';

const FACTS = {
  version: '1.2.3',
  server: { httpPort: 8081, mqttPort: 1884, log: SAMPLE_LOG_REPORT },
  http: { host: '127.0.0.1', port: 0 },
  mqtt: { host: '::1', port: 0 },
  dataDir: 'data',
  config: { metrics: new Map(), views: [] },
  simulates: undefined,
};

const POWER = configSchema.parse({
  metrics: { power: { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m' } },
  views: { a: { metric: 'power', slice: '1m' }, b: { metric: 'power', slice: '1h' } },
});

describe('what a server says once it listens', () => {
  it('names where it listens, what its log promises, and its views', () => {
    expect(banner({ ...FACTS, config: POWER, simulates: 'denmark' })).toBe(`weir 1.2.3 runs; Ctrl-C stops it

dashboard  http://127.0.0.1:8081/
API        http://127.0.0.1:8081/api/v1/views (described at http://127.0.0.1:8081/openapi.json)
MQTT       [::1]:1884
data       data
log        level 10, 4 partitions, at data/log
           survives power loss (every append is synced), 1 copy, as large as the disk; new records wait when it is full
simulates  denmark
views      a, b
`);
  });

  it('without views says how to go on, by whether metrics are declared', () => {
    expect(banner(FACTS)).toMatch(
      /\nviews {6}none\n\nWhat agents declare is taken and kept, but no view asks for it yet\./,
    );
    expect(banner({ ...FACTS, config: { ...POWER, views: [] } })).toContain(
      '\n\nWhat agents send of the declared metrics is kept, but no view',
    );
    expect(banner(FACTS)).not.toContain('simulates');
  });
});

describe('the report of a log', () => {
  it('tells its limits, its copies, and each promise that does not hold', () => {
    expect(
      logReportLines({
        ...SAMPLE_LOG_REPORT,
        partitions: 1,
        replicas: 3,
        limits: { recordBytesMax: 1, storeBytesMax: 1_000 },
        discard: 'old',
        shortfalls: [{ promise: 'nothing lost', holds: false, why: 'it forgets' }],
      }),
    ).toEqual([
      'log        level 10, 1 partition, at data/log',
      '           survives power loss (every append is synced), 3 copies, at most 1000 bytes; the oldest records are forgotten when it is full',
      '           does not hold: nothing lost: it forgets',
    ]);
  });
});
