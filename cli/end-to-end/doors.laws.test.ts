/** Whatever a source accepts passes every door behind it: nothing of it is refused, and nothing lost, on its way to the fold. */
import { strict as assert } from 'node:assert';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { SeriesClaims } from '#broker/claims.ts';
import { newTally } from '#broker/counters.ts';
import { Ingest } from '#broker/ingest.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { decodeRecord, encodeRecord } from '#core/records/record-codec.ts';
import { Committer } from '#edge-agent/commit/committer.ts';
import { readReadingsBody } from '#edge-agent/sources/http/readings-body.ts';
import { readSentReadings } from '#edge-agent/sources/http/sent-readings.ts';
import { LineReader } from '#edge-agent/sources/line-protocol/line-reader.ts';
import { SourceError } from '#edge-agent/sources/source-error.ts';
import type { ReadingBatch } from '#edge-agent/sources/source.ts';
import { declaredSource, metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import { Spool } from '#edge-agent/spool/spool.ts';

const NOW_MS = Date.parse('2024-06-01T00:00:00Z');
const PANE_MS = 60_000;
const METRICS = metricsOf(
  metricNamed('level', { intervalMs: 1_000, paneMs: PANE_MS, quantiles: true, send: 'panes' }),
  metricNamed('total', { kind: 'counter', decimals: 0, rolloverScaled: 1_000, paneMs: PANE_MS, send: 'panes' }),
  metricNamed('raw', { decimals: 9, intervalMs: 60_000, send: 'readings' }),
);

/** Names that people and programs come up with: of any length, of any UTF-16 units. */
const anyName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', '水表', '__proto__', 'constructor') },
  fc
    .tuple(fc.constantFrom('x', '计', '"', '\u{1f50c}'), fc.integer({ min: 60, max: 300 }))
    .map(([unit, length]) => unit.repeat(length).slice(0, 256)),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
);

const anyTime = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: NOW_MS - 60_000, max: NOW_MS }) },
  fc.integer({ min: -70_000_000_000_000, max: NOW_MS }),
);

const anyValue = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -2_000, max: 2_000 }) },
  fc.constantFrom(9_007_199_254_740_991, -9_007_199_254_740_991, 9_007_199_254_740.99, 1e-9, -0, 0.125, 1e300),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

interface Told {
  readonly time: number;
  readonly metric: string;
  readonly device: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}

const anyTold: fc.Arbitrary<Told> = fc.record({
  time: anyTime,
  metric: fc.constantFrom('level', 'total', 'raw'),
  device: anyName,
  value: anyValue,
  tags: fc.oneof(
    fc.dictionary(anyName, anyName, { maxKeys: 3, noNullPrototype: true }),
    fc
      .integer({ min: 29, max: 40 })
      .map((count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, 'x']))),
  ),
});

type Door = (told: readonly Told[], agent: Committer) => Promise<readonly ReadingBatch[]>;

const byHttp: Door = (told, agent) => {
  const sent = readReadingsBody(new TextEncoder().encode(JSON.stringify(told)));
  if ('status' in sent) return Promise.resolve([]);
  const { batches } = readSentReadings(sent, METRICS, agent.dictionary, NOW_MS);
  return Promise.resolve(batches.map((batch) => ({ ...batch, checkpoint: {}, watermarkMs: null })));
};

/** The rows as a file of some kind, with the device and one tag from its columns. */
const byFile =
  (kind: 'csv' | 'ndjson', textOf: (told: readonly Told[]) => string): Door =>
  async (told, agent) => {
    const section = {
      kind,
      file: '-',
      time: { columns: ['time'], format: 'unix-ms' },
      series: [...METRICS.keys()].map((metric) => ({
        metric,
        value: 'value',
        when: { metric },
        device: '{device}',
        tags: { tag: '{tag}' },
      })),
    };
    const bytes = new TextEncoder().encode(textOf(told));
    const source = declaredSource(section).open('rows', {
      metrics: METRICS,
      folder: '.',
      registry: agent.dictionary,
      stdin: () => Readable.from([bytes]),
      nowMs: () => NOW_MS,
    });
    const batches: ReadingBatch[] = [];
    try {
      for await (const batch of source.batches(null, new AbortController().signal)) batches.push(batch);
    } catch (error) {
      // A file of zero bytes is no text: it is refused as a whole, and said so.
      if (!(error instanceof SourceError)) throw error;
    }
    return batches;
  };

/** The readings as points: the metric names the measurement. */
const byLines: Door = (told, agent) => {
  const series = [...METRICS.keys()].map((metric) => ({
    metric,
    value: `${metric}.value`,
    when: {},
    device: '{device}',
    tags: { tag: '{tag}' },
  }));
  const section = { missing: [''], series };
  const reader = new LineReader({ section, metrics: METRICS, registry: agent.dictionary, nowMs: () => NOW_MS });
  const { batches } = reader.read([new TextEncoder().encode(linesOf(told))], 'ms', NOW_MS)!;
  return Promise.resolve(batches.map((batch) => ({ ...batch, checkpoint: {}, watermarkMs: null })));
};

const tagOf = ({ tags }: Told): string => Object.values(tags)[0] ?? 'x';
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csvOf = (told: readonly Told[]): string =>
  [
    'time,metric,device,tag,value',
    ...told.map((one) => [one.time, one.metric, quoted(one.device), quoted(tagOf(one)), one.value].join()),
  ].join('\n');
const ndjsonOf = (told: readonly Told[]): string =>
  told.map((one) => JSON.stringify({ ...one, tags: undefined, tag: tagOf(one) })).join('\n');

const escaped = (text: string): string => text.replaceAll(/[,= ]/g, String.raw`\$&`);
const linesOf = (told: readonly Told[]): string =>
  told
    .map((one) => {
      const tags = `device=${escaped(one.device)},tag=${escaped(tagOf(one))}`;
      return `${one.metric},${tags} value=${one.value} ${one.time}`;
    })
    .join('\n');

/** What the fold makes of all that the agent spooled, as a broker that knows nothing decides on it. */
async function brought(spool: Spool): Promise<{ complaints: string[]; fold: PartitionFold; counted: number }> {
  const ingest = new Ingest({
    log: { partitions: 1, append: () => Promise.resolve(1) },
    claims: new SeriesClaims(new MemoryKeyValue()),
    metrics: METRICS,
    views: [],
    clockSkewMsMax: 300_000,
    tally: newTally(),
    dictionaryOf: () => [],
    onHeartbeat: () => undefined,
  });
  const fold = new PartitionFold();
  const views = [...METRICS.keys()].map(
    (metric) =>
      new ViewFold({ view: { name: metric, metric, by: ['device'], where: {}, sliceMs: PANE_MS }, version: 1 }),
  );
  for (const view of views) fold.addView(view);
  const complaints: string[] = [];
  for (let item = await spool.next(0); item !== undefined; item = await spool.next(item.place)) {
    const { record, answer, complaint } = await ingest.decide('agent', item.channel, item.bytes, NOW_MS);
    for (const said of [answer?.detail, complaint]) if (said !== undefined) complaints.push(said);
    if (record !== undefined) fold.apply(fold.position + 1, decodeRecord(encodeRecord(record)));
  }
  let counted = 0;
  for (const { slots } of views) for (const slot of slots.all()) counted += slots.table.count[slot]!;
  return { complaints, fold, counted };
}

describe('what a source accepts', () => {
  it.each<[string, Door]>([
    ['HTTP', byHttp],
    ['CSV', byFile('csv', csvOf)],
    ['NDJSON', byFile('ndjson', ndjsonOf)],
    ['line protocol', byLines],
  ])('by %s is refused nowhere, and folded to the last reading', { timeout: 60_000 }, async (_kind, door) => {
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyTold, { minLength: 1, maxLength: 12 }), { maxLength: 4 }),
        async (requests) => {
          const table = new MemoryTable();
          const spool = await Spool.open(table, { bytesMax: 1e9, prefix: stringKey('spool') });
          const agent = await Committer.open({ id: 'agent', table, spool, metrics: METRICS, nowMs: Date.now });
          for (const told of requests) {
            for (const batch of await door(told, agent)) await agent.offer('s', batch, 'complete');
          }
          await agent.close();
          const { complaints, fold, counted } = await brought(spool);
          expect(complaints).toEqual([]);
          expect(fold.counters).toMatchObject({ faultyFrames: 0, refusedFrames: 0, readings: agent.totals.counted });
          expect(counted).toBe(agent.totals.counted);
          for (const { ledger, parked } of fold.admission.agents) {
            expect([ledger.counts().quarantined, ledger.missing(1), parked]).toEqual([0, [], []]);
          }
          accepted += agent.totals.counted;
          refused += agent.totals.quarantined;
        },
      ),
      { numRuns: 60 },
    );
    // The names were such that both happened.
    assert(accepted > 50 && refused > 50, `${accepted} accepted, ${refused} refused`);
  });
});
