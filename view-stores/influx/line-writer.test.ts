import { describe, expect, it } from 'vitest';
import type { AnsweredSlice } from '#backbone/answers/slice-feed.ts';
import { LineWriter } from './line-writer.ts';

function writer(by: readonly string[], name = 'power', statistics = ['count', 'sum', 'min']): LineWriter {
  return new LineWriter({ view: { name, metric: 'power', by, where: {}, sliceMs: 60_000 }, version: 1, statistics });
}

const SLICE: AnsweredSlice = {
  startMs: 1_704_067_200_000,
  tags: ['roof'],
  value: (i) => ['3', '4.125', '-0.5'][i]!,
  completeness: 0.75,
  final: false,
  pending: false,
  revision: 2,
  state: () => Uint8Array.of(2, 0, 255),
};

describe('a line of line protocol', () => {
  it('has the view, its tags, a field for each statistic, what the answer says of itself, the exact state, and the start', () => {
    expect(writer(['device']).line(SLICE)).toBe(
      'power,device=roof count=3i,sum=4.125,min=-0.5,completeness=0.75,final=false,pending=false,revision=2i,state="AgD/" 1704067200000',
    );
  });

  it('leaves out statistics without a value, and tags that are empty', () => {
    const slice = { ...SLICE, tags: ['', 'north'], value: (i: number) => ['0', null, null][i]! };
    expect(writer(['device', 'region']).line(slice)).toMatch(/^power,region=north count=0i,completeness=/);
    expect(writer(['device', 'region']).line({ ...slice, tags: ['', ''] })).toMatch(/^power count=0i,/);
  });

  it('writes all digits of numbers that no integer of InfluxDB could hold', () => {
    const values = ['9007199254740991', '123456789012345678901234567890.125', '1e+21'];
    expect(writer([]).line({ ...SLICE, tags: [], value: (i) => values[i]! })).toContain(
      'count=9007199254740991i,sum=123456789012345678901234567890.125,min=1e+21,',
    );
  });

  it('escapes what has a meaning in names and tags, and sorts the tags', () => {
    const slice = { ...SLICE, tags: ['a, b=c', 'x"y'] };
    expect(writer(['the place', 'device'], 'a view').line(slice)).toMatch(
      /^a\\ view,device=x"y,the\\ place=a\\,\\ b\\=c count/,
    );
  });

  it('shows what line protocol has no way to write by a sign that looks like it', () => {
    const line = (tag: string): string =>
      writer(['t'])
        .line({ ...SLICE, tags: [tag] })!
        .split(' count')[0]!;
    expect(line('one\r\ntwo\nthree')).toBe('power,t=one\u2424two\u2424three');
    expect(line('C:\\dir\\')).toBe('power,t=C:\\dir\u29F5');
    expect(line('a\\,b\\ c')).toBe('power,t=a\u29F5\\,b\u29F5\\ c');
    expect(line('\\\\')).toBe('power,t=\u29F5\u29F5');
  });

  it('has the fields that are asked for, and is none where no statistic of them has a value', () => {
    const view = { name: 'power', metric: 'power', by: [], where: {}, sliceMs: 60_000 };
    const followed = { view, version: 1, statistics: ['count', 'sum', 'min'] };
    const line = new LineWriter(followed, ['min', 'final']).line({ ...SLICE, tags: [] });
    expect(line).toBe('power min=-0.5,final=false 1704067200000');
    expect(new LineWriter(followed, ['max', 'min']).line({ ...SLICE, tags: [], value: () => null })).toBeUndefined();
  });

  it('begins anew where the group changes', () => {
    const lines = writer(['device']);
    expect(lines.line(SLICE)).toMatch(/^power,device=roof /);
    expect(lines.line({ ...SLICE, tags: ['cellar'] })).toMatch(/^power,device=cellar /);
    expect(lines.line(SLICE)).toMatch(/^power,device=roof /);
  });
});
