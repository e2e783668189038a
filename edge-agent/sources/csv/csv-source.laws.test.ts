import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList, type Source } from '../source.ts';
import { collect, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('csv');

const metrics = metricsOf(metricNamed('power'), metricNamed('level', { decimals: 1, excess: 'refuse' }));

const long = {
  kind: 'csv',
  file: 'rows.csv',
  missing: ['', '?'],
  time: { columns: ['ts'], format: 'yyyy-MM-dd HH:mm', zone: 'Europe/Paris' },
  series: [
    { metric: 'power', value: 'value', when: { kind: 'p' }, device: 'd-{device}' },
    {
      metric: 'level',
      value: 'value',
      when: { kind: 'l' },
      device: 'd-{device}',
      tags: { kind: '{kind}', fixed: 'yes' },
    },
  ],
};
const wide = {
  ...long,
  series: [
    { metric: 'power', value: 'value', device: 'one' },
    { metric: 'level', value: 'device', device: 'one' },
  ],
};

/** A line limit that some of the lines below are longer than. */
const LINE_BYTES_MAX = 60;

function open(config: typeof long | typeof wide, registry: SeriesList, chunkBytes: number): Source {
  const limits = { chunkBytes, lineBytesMax: LINE_BYTES_MAX, batchReadingsMax: 1_000 };
  return openSection(config, { metrics, registry, folder, limits });
}

const minute = fc.integer({ min: 0, max: 59 }).map((n) => String(n).padStart(2, '0'));
const time = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('01', '02', '02', '02', '03'), minute).map(([h, m]) => `2024-10-27 ${h}:${m}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('2024-03-31 02:30', 'noon', '', '2025-01-01 00:00') },
);
const cell = fc.constantFrom('1', '2.5', '-0.0625', '?', '', 'x', '9e99', '"3"', '" 4 "', '"5""', '1e2');
const row = fc
  .tuple(time, fc.constantFrom('1', '2', '"a,b"', '"c\nd"', ' 3 ', ''), fc.constantFrom('p', 'l', 'other'), cell)
  .map((fields) => fields.join(','));
const damaged = fc.oneof(
  fc.constantFrom('', '   ', 'a', ',,', '"', ',"', '"a"b,,,', ',,,,'),
  // Longer than a line may be, with and without a quote that makes it more than one.
  fc
    .tuple(fc.constantFrom('', '"', '2024-10-27 02:00,1,p,1,'), fc.integer({ min: 30, max: 200 }))
    .map(([start, length]) => start + 'x'.repeat(length)),
);
const csv = fc
  .tuple(
    fc.array(fc.oneof({ weight: 6, arbitrary: row }, { weight: 1, arbitrary: damaged }), { maxLength: 25 }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([rows, lineEnd, ended]) => ['ts,device,kind,value', ...rows].join(lineEnd) + (ended ? lineEnd : ''));

const configs = fc.constantFrom(long, wide);
/** So few bytes at a time that most rows are torn, and every batch holds few of them. */
const chunkBytes = fc.integer({ min: 30, max: 200 });

describe('a CSV source', () => {
  it('delivers the same readings, refusals and tallies however its bytes are torn', async () => {
    await fc.assert(
      fc.asyncProperty(configs, csv, chunkBytes, async (config, text, size) => {
        await writeFile(join(folder, 'rows.csv'), text);
        const [oneRegistry, tornRegistry] = [new SeriesList(), new SeriesList()];
        const whole = await collect(open(config, oneRegistry, 10_000), oneRegistry);
        const torn = await collect(open(config, tornRegistry, size), tornRegistry);
        expect(torn.readings).toEqual(whole.readings);
        expect(torn.refusals).toEqual(whole.refusals);
        expect(torn.tallies).toEqual(whole.tallies);
        expect(torn.watermarks.at(-1)).toBe(whole.watermarks.at(-1));
        expect(torn.checkpoints.at(-1)).toEqual(whole.checkpoints.at(-1));
      }),
      { numRuns: 150 },
    );
  });

  it('counts each row and each reading that a rule names exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(csv, async (text) => {
        await writeFile(join(folder, 'rows.csv'), text);
        const registry = new SeriesList();
        const { readings, refusals, tallies } = await collect(open(wide, registry, 10_000), registry);
        expect(tallies.readings).toBe(readings.length);
        expect(tallies.quarantined).toBe(refusals.reduce((total, refusal) => total + refusal.readings, 0));
        // Both rules of the wide file are for every row.
        expect(tallies.readings + tallies.missing + tallies.quarantined).toBe(2 * tallies.rows);
      }),
      { numRuns: 100 },
    );
  });

  it('goes on from any checkpoint as if it had never stopped', async () => {
    await fc.assert(
      fc.asyncProperty(configs, csv, chunkBytes, chunkBytes, async (config, text, size, resumedSize) => {
        await writeFile(join(folder, 'rows.csv'), text);
        const registry = new SeriesList();
        const whole = await collect(open(config, registry, size), registry);
        for (let stop = 1; stop <= whole.checkpoints.length; stop++) {
          const before = await collect(open(config, registry, size), registry, null, stop);
          const checkpoint = JSON.parse(JSON.stringify(before.checkpoints.at(-1)));
          const after = await collect(open(config, registry, resumedSize), registry, checkpoint);
          expect([...before.readings, ...after.readings]).toEqual(whole.readings);
          expect([...before.refusals, ...after.refusals]).toEqual(whole.refusals);
          // The totals that a checkpoint carries go on too.
          expect(after.checkpoints.at(-1)).toEqual(whole.checkpoints.at(-1));
          expect(after.checkpoints.at(-1)!['totals']).toEqual(whole.tallies);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('reads what is appended after its end as if it had been there, where whole lines are appended', async () => {
    const times = fc
      .array(row, { minLength: 1, maxLength: 10 })
      .map((rows) => rows.filter((each) => !each.includes('"5""')));
    await fc.assert(
      fc.asyncProperty(
        times,
        times,
        fc.boolean(),
        fc.constantFrom('\n', '\r\n'),
        async (first, second, ended, lineEnd) => {
          const heading = 'ts,device,kind,value';
          const text = [heading, ...first].join(lineEnd) + (ended ? lineEnd : '');
          const more = (ended ? '' : lineEnd) + second.map((each) => each + lineEnd).join('');
          const path = join(folder, 'rows.csv');
          const registry = new SeriesList();
          const config = wide;
          await writeFile(path, text);
          const before = await collect(open(config, registry, 100), registry);
          await appendFile(path, more);
          const after = await collect(open(config, registry, 100), registry, before.checkpoints.at(-1)!);
          const whole = await collect(open(config, registry, 100), registry);
          expect([...before.readings, ...after.readings]).toEqual(whole.readings);
          expect([...before.refusals, ...after.refusals]).toEqual(whole.refusals);
        },
      ),
      { numRuns: 60 },
    );
  });
});
