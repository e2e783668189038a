import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedFolder } from '#backbone/disk/test-folder.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { SeriesList, type SourceCheckpoint } from '../source.ts';
import { collect, type Collected, metricsOf, openSection } from '../sources.fixtures.ts';
import { FileFeed } from './byte-feed.ts';
import { DecodedFile } from './decoded-feed.ts';
import { RECORD_LIMITS, type RecordLimits } from './record-limits.ts';

const folder = await sharedFolder('encoding');

const section = {
  kind: 'csv',
  file: 'rows.csv',
  time: { columns: ['Zähler'] },
  series: [{ metric: 'power', value: 'Größe', device: '{Gerät}' }],
};
const HEADING = 'Zähler,Gerät,Größe\n';

interface Reading {
  readonly encoding?: string | undefined;
  readonly limits?: RecordLimits;
  readonly from?: SourceCheckpoint | null;
  readonly batches?: number;
  readonly stdin?: Readable;
}

function read({ encoding, limits = RECORD_LIMITS, from = null, batches, stdin }: Reading = {}): Promise<Collected> {
  const registry = new SeriesList();
  const given = { ...section, ...(encoding === undefined ? {} : { encoding }), ...(stdin && { file: '-' }) };
  const options = { metrics: metricsOf(metricNamed('power')), registry, folder, limits, stdin: () => stdin! };
  return collect(openSection(given, options), registry, from, batches);
}

/** Writes text by hand, unit for unit. */
const WRITERS: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'utf-16be': (text) => Buffer.from(text, 'utf16le').swap16(),
  'windows-1252': (text) => Buffer.from(text.replaceAll('€', '\u0080'), 'latin1'),
  'iso-8859-1': (text) => Buffer.from(text, 'latin1'),
  'iso-8859-15': (text) => Buffer.from(text.replaceAll('€', '\u00a4'), 'latin1'),
};
const MARKED = ['utf-8', 'utf-16le', 'utf-16be'];

/** What each encoding can write. */
const devices: Readonly<Record<string, readonly string[]>> = {
  'utf-8': ['ä', '€', '日本', '😀é', 'x'],
  'utf-16le': ['ä', '€', '日本', '😀é', 'x', '\u0a0a', '\u2c0a'],
  'utf-16be': ['ä', '€', '日本', '😀é', 'x', '\u0a0a', '\u0a2c'],
  'windows-1252': ['ä', '€', 'ÿ', 'x', '\u00a0é'],
  'iso-8859-1': ['ä', 'ÿ', 'x'],
  'iso-8859-15': ['ä', '€', 'x'],
};

const torn = fc
  .integer({ min: 48, max: 110 })
  .map((chunkBytes) => ({ ...RECORD_LIMITS, chunkBytes, lineBytesMax: 60 }));
const file = fc.constantFrom(...Object.keys(WRITERS)).chain((encoding) =>
  fc.record({
    encoding: fc.constant(encoding),
    names: fc.array(fc.constantFrom(...devices[encoding]!), { minLength: 1, maxLength: 12 }),
    mark: fc.constantFrom('', MARKED.includes(encoding) ? '\ufeff' : ''),
  }),
);

describe('an encoding', () => {
  it('changes nothing of what a file holds, however it is torn, and wherever reading goes on', async () => {
    await fc.assert(
      fc.asyncProperty(file, torn, torn, async ({ encoding, names, mark }, limits, others) => {
        const rows = names.map((name, i) => `2024-01-${String(i + 1).padStart(2, '0')},${name},${i}\n`);
        const bytes = WRITERS[encoding]!(mark + HEADING + rows.join(''));
        await writeFile(join(folder, 'rows.csv'), bytes);
        const said = mark === '' ? encoding : undefined;
        const whole = await read({ encoding: said, limits });
        expect(whole.readings.map(({ tags }) => tags['device'])).toEqual(names);
        expect(whole.readings.map(({ value }) => value)).toEqual(names.map((_, i) => i * 1_000));
        for (let stop = 1; stop <= whole.checkpoints.length; stop++) {
          const before = await read({ encoding: said, limits, batches: stop });
          const after = await read({ encoding: said, limits: others, from: before.checkpoints.at(-1)! });
          expect([...before.readings, ...after.readings]).toEqual(whole.readings);
          expect(after.checkpoints.at(-1)).toEqual(whole.checkpoints.at(-1));
        }
        await appendFile(join(folder, 'rows.csv'), WRITERS[encoding]!('2025-01-01,x,7\n'));
        const more = await read({ encoding: said, limits: others, from: whole.checkpoints.at(-1)! });
        expect(more.readings.map(({ value }) => value)).toEqual([7_000]);
        const stdin = Readable.from([bytes.subarray(0, 1), bytes.subarray(1, 7), bytes.subarray(7)]);
        expect((await read({ encoding: said, limits, stdin })).readings).toEqual(whole.readings);
      }),
      { numRuns: 30 },
    );
  });

  it('that is UTF-16 in general is told by its mark, or by its zero bytes', async () => {
    const text = `${HEADING}2024-01-01,ä,1\n`;
    for (const mark of ['', '\ufeff']) {
      for (const encoding of ['utf-16le', 'utf-16be']) {
        await writeFile(join(folder, 'rows.csv'), WRITERS[encoding]!(mark + text));
        expect((await read({ encoding: 'utf-16' })).readings).toHaveLength(1);
      }
    }
  });

  it('that the file does not have is told, with the one that it may have', async () => {
    const text = `${HEADING}2024-01-01,ä,1\n`;
    await writeFile(join(folder, 'rows.csv'), WRITERS['windows-1252']!(text));
    await expect(read()).rejects.toThrow(
      /is not UTF-8, as line 1 shows: "Z�hler,Ger�t,Gr��e"; .*say `encoding: windows-1252`/,
    );
    await writeFile(
      join(folder, 'rows.csv'),
      Buffer.concat([Buffer.from(HEADING), Buffer.from('2024-01-01,\xe4,1\n', 'latin1')]),
    );
    await expect(read()).rejects.toThrow(/is not UTF-8, as line 2 shows/);
    const { refusals } = await read({ encoding: 'utf-8' });
    expect(refusals).toMatchObject([{ line: 2, reason: expect.stringContaining('not UTF-8 text') }]);
    await writeFile(join(folder, 'rows.csv'), WRITERS['utf-8']!(`\ufeff${text}`));
    await expect(read({ encoding: 'windows-1252' })).rejects.toThrow(
      /begins with the mark of UTF-8 where `encoding` says windows-1252; leave `encoding` out/,
    );
    await writeFile(join(folder, 'rows.csv'), WRITERS['utf-16le']!(text));
    await expect(read()).rejects.toThrow(/holds bytes that no text has; .*`encoding: utf-16`/);
  });

  it('has no say in what was cut off in the middle of a character, which is read once it is whole', async () => {
    const path = join(folder, 'rows.csv');
    const row = WRITERS['utf-16le']!('2024-01-01,😀,1\n');
    await writeFile(
      path,
      Buffer.concat([WRITERS['utf-16le']!(`\ufeff${HEADING}2024-01-01,ä,1\n`), row.subarray(0, 1)]),
    );
    const first = await read();
    expect(first.readings).toHaveLength(1);
    await appendFile(path, row.subarray(1));
    const second = await read({ from: first.checkpoints.at(-1)! });
    expect(second.readings.map(({ tags }) => tags['device'])).toEqual(['😀']);
  });
});

describe('a file in another encoding', () => {
  it('is read from its start after its head was looked at', async () => {
    const path = join(folder, 'head.csv');
    await writeFile(path, WRITERS['utf-16le']!('äbcdef'));
    const file = await FileFeed.open(path);
    const decoded = new DecodedFile(file, 'utf-16le');
    expect(Buffer.from(await decoded.readHead(3)).toString()).toBe('äb');
    const into = new Uint8Array(100);
    const count = await decoded.read(into, 0, 100);
    expect(Buffer.from(into.subarray(0, count)).toString()).toBe('äbcdef');
    await decoded.close();
  });
});
