import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { dataDirOf } from '../data-dir.ts';
import { withDemo } from './demo.ts';
import { settledConfig } from './up.ts';

const config = configSchema.parse({
  metrics: { power: { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m' } },
  backbone: { kind: 'nats', servers: ['nats://a:1'], monitor: 'http://a:8222', partitions: 8 },
});

describe('the configuration of a server', () => {
  it('is as declared where no flag says otherwise', () => {
    expect(settledConfig(config, { simulate: 'none' })).toEqual(config);
  });

  it('has the backbone of its flag, on as many partitions as declared', () => {
    expect(settledConfig(config, { simulate: 'none', backbone: { kind: 'embedded' } }).backbone).toEqual({
      kind: 'embedded',
      partitions: 8,
    });
    const nats = { kind: 'nats', servers: ['nats://b:2'] } as const;
    expect(settledConfig(config, { simulate: 'none', backbone: nats }).backbone).toEqual({
      kind: 'nats',
      servers: ['nats://b:2'],
      partitions: 8,
      monitor: 'http://a:8222',
    });
    expect(settledConfig(configSchema.parse({}), { simulate: 'none', backbone: nats }).backbone).toEqual({
      kind: 'nats',
      servers: ['nats://b:2'],
    });
  });

  it('has what a simulated fleet needs beside what is declared', () => {
    const simulated = settledConfig(config, { simulate: 'denmark' });
    expect([...simulated.metrics.keys()]).toEqual(expect.arrayContaining(['power', 'usage']));
    expect(simulated.views).toEqual([
      { name: 'usage-by-region', metric: 'usage', by: ['region'], where: {}, sliceMs: 60_000 },
    ]);
    expect(simulated.backbone).toEqual(config.backbone);
    expect(() => settledConfig(config, { simulate: 'denmrk' })).toThrow(/did you mean denmark\?/);
  });
});

describe('a demonstration', () => {
  it('leaves declared metrics and views as they are', () => {
    const declared = configSchema.parse({
      metrics: { usage: { unit: 'kWh', decimals: 1, kind: 'counter', interval: '1h' } },
      views: { mine: { metric: 'usage', by: ['site'], slice: '1h' } },
    });
    const demo = withDemo(declared, 'denmark');
    expect(demo.metrics.get('usage')).toEqual(declared.metrics.get('usage'));
    expect(demo.views).toEqual(declared.views);
  });

  it('sends every reading at once, and tells repeats for half a day', () => {
    for (const metric of withDemo(configSchema.parse({}), 'denmark').metrics.values()) {
      expect(metric).toMatchObject({ send: 'readings', repeatHorizonMs: 43_200_000, paneMs: 10_000, quantiles: false });
    }
  });
});

describe('the data of a server', () => {
  it('is where it is told, else beside the configuration, else here', () => {
    expect(dataDirOf({ data: 'kept', config: 'plant/weir.yaml' })).toBe(resolve('kept'));
    expect(dataDirOf({ config: 'plant/weir.yaml' })).toBe(join(resolve('plant'), '.weir/data'));
    expect(dataDirOf({})).toBe(resolve('.weir/data'));
  });
});
