import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList } from '../source.ts';
import { collect, type Collected, metricsOf, openSection } from '../sources.fixtures.ts';

const folder = await sharedFolder('cells');

interface Layout {
  readonly zone: string;
  readonly everyMs: number;
  readonly counted?: string | undefined;
  readonly shift?: string;
}

const HOUR_MS = 3_600_000;

/** The columns of a file: a time, then its cells. */
function read(columns: number, rows: readonly string[], layout: Layout, format = 'yyyy-MM-dd'): Promise<Collected> {
  const { zone, everyMs, counted, shift } = layout;
  const heading = ['day', ...Array.from({ length: columns }, (_, i) => `c${i}`)].join(';');
  const every = `${everyMs / 60_000}m`;
  const section = {
    kind: 'csv',
    file: 'rows.csv',
    delimiter: ';',
    time: { columns: ['day'], format, zone, ...(shift === undefined ? {} : { shift }) },
    series: [{ metric: 'power', value: { from: 'c0', to: `c${columns - 1}`, every, counted }, device: 'd' }],
  };
  const registry = new SeriesList();
  return writeFile(join(folder, 'rows.csv'), [heading, ...rows, ''].join('\n')).then(() =>
    collect(openSection(section, { metrics: metricsOf(metricNamed('power')), registry, folder }), registry),
  );
}

/** Every step of a local day as a clock on the wall would show it, by walking through all instants around it. */
function walk(
  day: string,
  zone: string,
  everyMs: number,
): readonly { readonly atMs: number; readonly clock: string }[] {
  const clock = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const steps: { atMs: number; clock: string }[] = [];
  const noon = Date.parse(`${day}T12:00:00Z`);
  for (let atMs = noon - 36 * HOUR_MS; atMs < noon + 36 * HOUR_MS; atMs += everyMs) {
    const [date, time] = clock.format(atMs).split(' ');
    if (date === day) steps.push({ atMs, clock: time! });
  }
  return steps;
}

const days = fc
  .tuple(
    fc.constantFrom(
      ['Europe/Rome', '2024-03-31', '2024-10-27'],
      ['America/New_York', '2024-03-10', '2024-11-03'],
      ['America/Asuncion', '2023-10-01', '2024-03-24'],
      ['Africa/Cairo', '2024-04-26', '2024-10-31'],
      ['Australia/Lord_Howe', '2024-10-06', '2024-04-07'],
      ['Asia/Kolkata', '2024-03-31', '2024-10-27'],
      ['UTC', '2024-03-31', '2024-10-27'],
    ),
    fc.constantFrom(1, 2),
    fc.integer({ min: -1, max: 1 }),
  )
  .map(([place, which, away]) => ({
    zone: place[0]!,
    day: new Date(Date.parse(place[which]!) + away * 24 * HOUR_MS).toISOString().slice(0, 10),
  }));
const everyMs = fc.constantFrom(15, 30).map((minutes) => minutes * 60_000);
/** A zone of half hours is not walked through in whole hours. */
const HALF = 30 * 60_000;

describe('a day in one row', () => {
  it('has each reading where the clock showed the time of its cell, for the first time', async () => {
    await fc.assert(
      fc.asyncProperty(days, everyMs, fc.boolean(), async ({ zone, day }, every, said) => {
        const cells = (24 * HOUR_MS) / every;
        const steps = walk(day, zone, every);
        const row = Array.from({ length: cells }, (_, i) => {
          const clock = new Date(i * every).toISOString().slice(11, 19);
          return steps.find((step) => step.clock === clock)?.atMs;
        });
        const text = row.map((atMs, i) => (atMs === undefined ? '' : String(i)));
        const layout = { zone, everyMs: every, counted: said ? 'clock' : undefined };
        const { readings, tallies } = await read(cells, [[day, ...text].join(';')], layout);
        expect(readings.map(({ timeMs, value }) => [timeMs, value])).toEqual(
          row.flatMap((atMs, i) => (atMs === undefined ? [] : [[atMs, i * 1_000]])),
        );
        const twice = steps.length - new Set(steps.map(({ clock }) => clock)).size;
        expect(tallies).toMatchObject({ missing: 0, quarantined: 0, ambiguousTimes: twice });
      }),
      { numRuns: 30 },
    );
  });

  it('has a cell for each step of the day where it has columns for the longest, or says that it is counted so', async () => {
    await fc.assert(
      fc.asyncProperty(days, everyMs, fc.boolean(), async ({ zone, day }, every, said) => {
        const steps = walk(day, zone, every);
        const cells = said ? Math.max(steps.length, (24 * HOUR_MS) / every) : (25 * HOUR_MS) / every;
        const text = Array.from({ length: cells }, (_, i) => (i < steps.length ? String(i) : ''));
        const layout = { zone, everyMs: every, counted: said ? 'elapsed' : undefined };
        const { readings, tallies } = await read(cells, [[day, ...text].join(';')], layout);
        expect(readings.map(({ timeMs }) => timeMs)).toEqual(steps.map(({ atMs }) => atMs));
        expect(tallies).toMatchObject({ missing: 0, quarantined: 0, ambiguousTimes: 0 });
        // One more than the day has is no reading of it.
        if (cells === steps.length) return;
        text[steps.length] = '7';
        const more = await read(cells, [[day, ...text].join(';')], layout);
        expect([more.readings.length, more.refusals.length]).toEqual([steps.length, 1]);
        expect(more.refusals[0]!.reason).toContain(`has ${steps.length} cells of ${every / 60_000}m in ${zone}`);
      }),
      { numRuns: 30 },
    );
  });

  it('is refused where its cells speak against the clock, since all that follows would be an hour off', async () => {
    const text = Array.from({ length: 48 }, (_, i) => (i < 46 ? String(i) : ''));
    const layout = { zone: 'Europe/Rome', everyMs: HALF };
    const row = ['2024-03-31', ...text].join(';');
    const { refusals, tallies } = await read(48, [row], layout);
    expect(tallies).toMatchObject({ readings: 0, missing: 0, quarantined: 46 });
    expect(refusals[0]!.reason).toMatch(
      /for the 2 cells that its day does not have.*`counted: elapsed`.*`counted: clock`/,
    );
    expect((await read(48, [row], { ...layout, counted: 'elapsed' })).tallies.readings).toBe(46);
    const clock = await read(48, [row], { ...layout, counted: 'clock' });
    expect(clock.tallies).toMatchObject({ readings: 44, missing: 2, quarantined: 2 });
    expect(clock.refusals.map(({ reason }) => reason)).toEqual([
      'column "c4" stands for 02:00, which 2024-03-31 does not have in Europe/Rome',
      'column "c5" stands for 02:30, which 2024-03-31 does not have in Europe/Rome',
    ]);
  });

  it('counts an empty cell as missing, and moves with the shift of its time', async () => {
    const layout = { zone: 'Europe/Rome', everyMs: 12 * HOUR_MS, shift: '1h' };
    const { readings, tallies } = await read(2, ['2024-01-01;;5', '2024-01-02;6;x'], layout);
    expect(readings.map(({ timeMs }) => new Date(timeMs).toISOString())).toEqual([
      '2024-01-01T12:00:00.000Z',
      '2024-01-02T00:00:00.000Z',
    ]);
    expect(tallies).toMatchObject({ rows: 2, missing: 1, quarantined: 1 });
    const damaged = await read(2, ['2024-13-01;1;2', '2024-01-01;1'], layout);
    expect(damaged.tallies).toMatchObject({ readings: 0, quarantined: 4 });
  });
});

describe('an hour in one row', () => {
  it('has its quarters after the time of the row, in each pass of the repeated hour', async () => {
    const layout = { zone: 'Europe/Rome', everyMs: 15 * 60_000 };
    const hours = ['01', '02', '02', '03'].map((hour, i) => `2024-10-27 ${hour}:00;${i};${i};${i};${i}`);
    const { readings, tallies } = await read(4, hours, layout, 'yyyy-MM-dd HH:mm');
    const first = Date.parse('2024-10-26T23:00:00Z');
    expect(readings.map(({ timeMs }) => timeMs)).toEqual(
      Array.from({ length: 16 }, (_, i) => first + i * layout.everyMs),
    );
    expect(tallies.ambiguousTimes).toBe(0);
  });
});
