import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';
import { startAedes, startMosquitto, type TestBroker } from '../mqtt/brokers.fixtures.ts';
import type { SourceOptions } from '../source-kind.ts';
import { describeSource, type SourceCase } from '../source.cases.ts';
import { type Refusal, SeriesList, type Source } from '../source.ts';
import { declaredSource, FAR_FUTURE_MS, metricsOf, openSection } from '../sources.fixtures.ts';
import { listenForStates, LiveNode } from './live-nodes.fixtures.ts';
import { born, double, type SentMessage, TahuNode } from './tahu-node.fixtures.ts';

const mosquitto = await serverForTests('mosquitto');

const BROKERS: readonly (readonly [string, () => Promise<TestBroker>])[] = [
  ['aedes', () => startAedes()],
  ...(mosquitto === undefined ? [] : [['Mosquitto', () => startMosquitto(mosquitto.path)] as const]),
];

const WAIT = { timeout: 10_000 };
const SERIES = [{ metric: 'heat', value: 'Inputs/Temperature', device: '{device}', tags: { node: '{node}' } }];

/** A source at a broker, whose batches are acknowledged as they come. */
class Running implements AsyncDisposable {
  readonly readings: string[] = [];
  readonly refusals: Refusal[] = [];
  readonly breaks: string[] = [];
  /** The readings of each batch that has any. */
  readonly batches: number[] = [];
  readonly source: Source;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** Resolves at the first connection. */
  readonly connected: Promise<void>;
  readonly #registry = new SeriesList();

  constructor(url: string, given: Readonly<Record<string, unknown>> = {}, options: Partial<SourceOptions> = {}) {
    const section = { kind: 'sparkplug', url, series: SERIES, reorder: '100ms', ...given };
    const connected = Promise.withResolvers<void>();
    this.connected = connected.promise;
    this.source = openSection(section, {
      metrics: metricsOf(metricNamed('heat')),
      registry: this.#registry,
      folder: '.',
      agent: 'edge-1',
      logger: {
        info: (_fact: object, what?: string) => what?.startsWith('connected') && connected.resolve(),
        warn: () => undefined,
      },
      ...options,
    });
    this.#done = this.#run();
  }

  async #run(): Promise<void> {
    for await (const batch of this.source.batches(null, this.#stop.signal)) {
      for (let i = 0; i < batch.count; i++) {
        const { metric, tags } = this.#registry.descriptions[batch.entry[i]!]!;
        this.readings.push(
          `${metric} ${tags['node']}/${tags['device']}=${batch.value[i]! / 1_000} @${batch.timeMs[i]}`,
        );
      }
      for (const { entry, atMs } of batch.breaks ?? []) {
        const { metric, tags } = this.#registry.descriptions[entry]!;
        this.breaks.push(`${metric} ${tags['node']}/${tags['device']} @${atMs}`);
      }
      this.refusals.push(...batch.refusals);
      if (batch.count > 0) this.batches.push(batch.count);
      batch.acknowledged?.();
    }
  }

  /** Waits for a reading, of which there may be others before and after. */
  async reads(reading: string): Promise<void> {
    await vi.waitFor(() => expect(this.readings).toContain(reading), WAIT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

const T = Date.UTC(2026, 0, 1);
const at = (s: number): number => T + s * 1_000;

/** What the node of these tests says: its aliases change with each session. */
class Line {
  readonly node = new TahuNode('plant', 'line1');
  alias = 1;

  births = (): readonly SentMessage[] => [
    this.node.birth([], at(0)),
    this.node.deviceBirth('press', [born('Inputs/Temperature', this.alias, 20, at(0))], at(0)),
  ];

  heat(value: number, s: number): SentMessage {
    return this.node.deviceData('press', [double(this.alias, value, at(s))], at(s));
  }

  start(url: string): Promise<LiveNode> {
    return LiveNode.start(url, 'plant', 'line1', this.node, this.births);
  }
}

describe.each(BROKERS)('Sparkplug nodes at %s', (_name, start) => {
  it('are heard from birth to death and birth again, and asked for births where a message is missing', async () => {
    await using broker = await start();
    await using running = new Running(broker.url, {}, { nowMs: () => at(600) });
    await running.connected;
    const line = new Line();
    await using node = await line.start(broker.url);
    await running.reads(`heat line1/press=20 @${at(0)}`);
    await node.say(line.heat(21.5, 2));
    await running.reads(`heat line1/press=21.5 @${at(2)}`);

    line.heat(99, 3);
    await node.say(line.heat(21.6, 4));
    await running.reads(`heat line1/press=21.6 @${at(4)}`);
    expect(running.readings.some((reading) => reading.includes('=99'))).toBe(false);
    await vi.waitFor(() => expect(node.requests).toBe(1), WAIT);

    await node.say(line.node.deviceDeath('press', at(500)), line.node.deviceBirth('press', [], at(501)));
    await vi.waitFor(() => expect(running.breaks).toEqual([`heat line1/press @${at(500)}`]), WAIT);
    await node.say(...line.births(), line.heat(22, 502));
    await running.reads(`heat line1/press=22 @${at(502)}`);
    await node.die();
    await vi.waitFor(() => expect(running.breaks.slice(1)).toEqual([`heat line1/press @${at(600)}`]), WAIT);
    line.node.death();
    line.alias = 7;
    await using again = await line.start(broker.url);
    await again.say(line.heat(30, 5));
    await running.reads(`heat line1/press=30 @${at(5)}`);
  });

  it('break off the series of a metric that is null or stale, at the time that it says', async () => {
    await using broker = await start();
    await using running = new Running(broker.url);
    await running.connected;
    const line = new Line();
    await using node = await line.start(broker.url);
    await running.reads(`heat line1/press=20 @${at(0)}`);
    const { alias } = line;
    const stale = {
      ...double(alias, 23, at(60)),
      properties: { Quality: { type: 'Int32' as const, value: 500 } },
    };
    const told = [
      double(alias, 21, at(10)),
      double(alias, null, at(20)),
      double(alias, null, at(30)),
      double(alias, 22, at(50)),
      stale,
    ];
    await node.say(line.node.deviceData('press', told, at(60)), line.heat(24, 70));
    await running.reads(`heat line1/press=24 @${at(70)}`);
    expect(running.readings).toEqual(
      [20, 21, 22, 24].map((value, i) => `heat line1/press=${value} @${at([0, 10, 50, 70][i]!)}`),
    );
    expect(running.breaks).toEqual([`heat line1/press @${at(20)}`, `heat line1/press @${at(60)}`]);
  });

  it('are asked for their births by an agent that has just started, and not by one that only looks', async () => {
    await using broker = await start();
    const line = new Line();
    await using node = await line.start(broker.url);
    await using looking = new Running(broker.url, {}, { isPreview: true });
    await using running = new Running(broker.url, {}, { agent: 'edge-2' });
    let s = 0;
    await vi.waitFor(async () => {
      await node.say(line.heat(21, ++s));
      expect(running.refusals.length).toBeGreaterThan(0);
    }, WAIT);
    expect(running.refusals[0]).toMatchObject({
      reason: expect.stringContaining('only a birth'),
      text: 'plant line1 press ',
    });
    await running.reads(`heat line1/press=20 @${at(0)}`);
    expect(node.requests).toBe(1);
    await node.say(line.heat(22, 900));
    await running.reads(`heat line1/press=22 @${at(900)}`);
    await looking.reads(`heat line1/press=22 @${at(900)}`);
    expect(running.source.remarks!()).toEqual(['requests to edge nodes for their births: 1']);
    expect(looking.source.remarks!()).toEqual([]);
  });

  it('are heard again when the broker has been away', async () => {
    await using broker = await start();
    await using running = new Running(broker.url);
    const line = new Line();
    await using first = await line.start(broker.url);
    await vi.waitFor(async () => {
      await first.say(...line.births());
      expect(running.readings.length).toBeGreaterThan(0);
    }, WAIT);
    await broker.cut();
    line.node.death();
    line.alias = 3;
    await using second = await line.start(broker.url);
    let s = 10;
    await vi.waitFor(async () => {
      await second.say(line.heat(40, ++s));
      expect(running.readings.at(-1)).toContain('=40');
    }, WAIT);
    expect(running.readings.every((reading) => /=(20|40) /.test(reading))).toBe(true);
  });

  it('are told of a host that is there, and that it has gone, by the topic of its state', async () => {
    await using broker = await start();
    await using heard = await listenForStates(broker.url);
    const told = (n: number): { online: boolean; timestamp: number } =>
      JSON.parse(heard.states[n]!.replace('spBv1.0/STATE/weir ', '')) as { online: boolean; timestamp: number };
    {
      await using _running = new Running(broker.url, { host: 'weir' }, { nowMs: () => T });
      await vi.waitFor(() => expect(heard.states).toHaveLength(1), WAIT);
    }
    await vi.waitFor(() => expect(heard.states).toHaveLength(2), WAIT);
    expect([told(0), told(1)]).toEqual([
      { online: true, timestamp: T },
      { online: false, timestamp: T },
    ]);
  });
});

describe('a message of more readings than a batch has room for', () => {
  it('is read in parts', async () => {
    const rules = 2_048;
    const metrics = 100;
    const series = Array.from({ length: rules }, (_, i) => ({ ...SERIES[0]!, tags: { rule: `r${i}` } }));
    await using broker = await startAedes();
    await using running = new Running(broker.url, { series });
    await running.connected;
    const node = new TahuNode('plant', 'line1');
    const values = Array.from({ length: metrics }, (_, i) => double('Inputs/Temperature', i, at(i)));
    await using live = await LiveNode.start(broker.url, 'plant', 'line1', node, () => [node.birth([], at(0))]);
    await live.say(node.deviceData('press', values, at(0)));
    await vi.waitFor(() => expect(running.batches).toHaveLength(2), WAIT);
    expect(running.readings).toHaveLength(rules * metrics);
    expect(Math.max(...running.batches)).toBeLessThanOrEqual(BATCH_READINGS_MAX);
  });
});

describe('sources at a broker', () => {
  let broker: TestBroker;
  const ended = new AbortController();
  const nodes: Promise<void>[] = [];
  beforeAll(async () => void (broker = await startAedes()));
  afterAll(async () => {
    ended.abort();
    await Promise.all(nodes);
    await broker[Symbol.asyncDispose]();
  });

  /** A node that is born again and again, each time later, as fast as the broker takes it. */
  async function live(): Promise<void> {
    const line = new Line();
    await using node = await line.start(broker.url);
    for (let s = 1; !ended.signal.aborted; s++) {
      await node.say(
        line.node.birth([], at(s)),
        line.node.deviceBirth('press', [born('Inputs/Temperature', 1, s, at(s))], at(s)),
      );
      await node.isHeard();
    }
  }

  describeSource('Sparkplug B', (): SourceCase => {
    const declared = declaredSource({ kind: 'sparkplug', url: broker.url, series: SERIES });
    const options = { metrics: metricsOf(metricNamed('heat')), folder: '.', stdin: () => process.stdin };
    return {
      supports: declared.supports,
      open: (registry) => declared.open('plant', { ...options, registry, nowMs: () => FAR_FUTURE_MS }),
      feed: async () => void (nodes.length === 0 && nodes.push(live())),
    };
  });
});
