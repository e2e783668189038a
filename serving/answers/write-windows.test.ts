import { describe, expect, it } from 'vitest';
import { TextWriter } from '#core/packing/text-writer.ts';
import { addReading } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { POWER, POWER_BY_REGION } from '../world.fixtures.ts';
import type { AnsweredWindow } from './answered-window.ts';
import { parseStats, type ViewQuery } from './query.ts';
import { csvField, csvHeading, CsvWriter } from './write-csv.ts';
import { headText, WindowWriter } from './write-json.ts';

const START = Date.UTC(2026, 0, 1);
const HEAD = {
  view: 'v',
  version: 2,
  position: 'token',
  freshnessMs: START,
  provisional: false,
  without: [],
  sequence: 0,
  asOf: undefined,
};

function queryOf(stats: string, by: readonly string[] = ['region']): ViewQuery {
  return { view: { ...POWER_BY_REGION, by }, metric: POWER, stats: parseStats(stats, POWER), where: new Map() };
}

function windowOf(changed: Partial<AnsweredWindow> = {}): AnsweredWindow {
  const judged = { revision: 3, pending: false, completeness: 0.5, final: true };
  return { startMs: START, endMs: START + 3_600_000, tags: ['north'], slot: 1, ...judged, ...changed };
}

/** Slot 0 is empty, slot 1 holds two readings. */
function tableOf(): StatsTable {
  const table = new StatsTable(2);
  table.allocateMany(2);
  addReading(table, 1, START + 1_000, 1_500, false);
  addReading(table, 1, START + 2_000, -250, false);
  return table;
}

const out = new TextWriter();

function lineOf(query: ViewQuery, window: AnsweredWindow): string {
  new CsvWriter(tableOf(), query).write(out, window);
  return out.takeString();
}

function textOf(writer: WindowWriter, window: AnsweredWindow): string {
  writer.write(out, window);
  return out.takeString();
}

describe('a window in CSV', () => {
  it.each([
    ['plain text', 'a b', 'a b'],
    ['nothing', '', ''],
    ['a comma', 'a,b', '"a,b"'],
    ['a quote', 'say "hi"', '"say ""hi"""'],
    ['a line feed', 'a\nb', '"a\nb"'],
    ['a carriage return', 'a\rb', '"a\rb"'],
    ['a space before', ' a', '" a"'],
    ['a space behind', 'a ', '"a "'],
  ])('is quoted where a field holds %s as it has to be', (_, text, field) => {
    expect(csvField(text)).toBe(field);
  });

  it('has its tags and statistics in the order of the heading, and nothing where there is no value', () => {
    const query = queryOf('mean,count,last', ['region', 'odd,tag']);
    expect(csvHeading(query)).toBe('start,end,region,"odd,tag",mean,count,last,completeness,final,revision\r\n');
    const window = windowOf({ tags: ['a,b', 'c'] });
    expect(lineOf(query, window)).toBe(
      '2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,"a,b",c,0.625,2,-0.25,0.5,true,3\r\n',
    );
    expect(lineOf(query, { ...window, slot: 0, final: false, completeness: 0 })).toBe(
      '2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,"a,b",c,,0,,0,false,3\r\n',
    );
  });
});

describe('a window in JSON', () => {
  it('has numbers with all their digits, readings with their time, and null where there is none', () => {
    const writer = new WindowWriter(tableOf(), queryOf('sum,first,last,min', ['region', 'a "tag"']));
    const window = windowOf({ tags: ['n"', ''] });
    expect(textOf(writer, window)).toBe(
      '{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T01:00:00Z","tags":{"region":"n\\"","a \\"tag\\"":""},' +
        '"stats":{"sum":1.25,"first":{"time":"2026-01-01T00:00:01Z","value":1.5},' +
        '"last":{"time":"2026-01-01T00:00:02Z","value":-0.25},"min":-0.25},' +
        '"completeness":0.5,"final":true,"revision":3}',
    );
    expect(JSON.parse(textOf(writer, { ...window, slot: 0 }))).toMatchObject({
      stats: { sum: null, first: null, last: null, min: null },
    });
  });

  it('says what is pending, and how many readings were not checked, only where there is something to say', () => {
    const table = tableOf();
    const writer = new WindowWriter(table, queryOf('count'));
    const read = (changed: Partial<AnsweredWindow>) => JSON.parse(textOf(writer, windowOf(changed))) as object;
    expect(read({})).not.toHaveProperty('pending');
    expect(read({})).not.toHaveProperty('unchecked');
    expect(read({ pending: true })).toHaveProperty('pending', ['min', 'max', 'first', 'last']);
    table.unchecked[1] = 1;
    expect(read({})).toHaveProperty('unchecked', 1);
  });

  it('keeps its edges apart from those of other windows, however many there are', () => {
    const writer = new WindowWriter(tableOf(), queryOf('count'));
    for (let i = 0; i < 5_000; i++) {
      const { start } = JSON.parse(textOf(writer, windowOf({ startMs: START + i * 60_000 }))) as { start: string };
      expect(Date.parse(start)).toBe(START + i * 60_000);
    }
  });
});

describe('a window that begins before its group', () => {
  it('says in JSON from when on something was expected', () => {
    const writer = new WindowWriter(tableOf(), queryOf('count'));
    expect(JSON.parse(textOf(writer, windowOf({ expectedFromMs: START + 60_000 })))).toMatchObject({
      revision: 3,
      expectedFrom: '2026-01-01T00:01:00Z',
    });
    expect(textOf(writer, windowOf())).not.toContain('expectedFrom');
  });
});

describe('the head of an answer', () => {
  it('names view, version, position, freshness and tzdata, and the cut of an earlier one', () => {
    expect(JSON.parse(`${headText(HEAD, '2026a')}}`)).toEqual({
      view: 'v',
      version: 2,
      position: 'token',
      freshness: '2026-01-01T00:00:00Z',
      tzdata: '2026a',
    });
    const told = { zone: 'Asia/Kolkata', units: { count: null } };
    expect(JSON.parse(`${headText(HEAD, '2026a', told)}}`)).toMatchObject(told);
    expect(headText({ ...HEAD, provisional: true }, '2026a')).toContain('"provisional":true');
    expect(JSON.parse(`${headText({ ...HEAD, without: ['roof-1'] }, '2026a')}}`)).toMatchObject({
      without: ['roof-1'],
    });
    const asOf = { cut: [3, 4], publishedAtMs: START };
    expect(JSON.parse(`${headText({ ...HEAD, freshnessMs: null, asOf }, '2026a')}}`)).toMatchObject({
      freshness: null,
      asOf: { cut: [3, 4], published: '2026-01-01T00:00:00Z' },
    });
  });
});
