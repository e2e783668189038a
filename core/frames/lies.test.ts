import { describe, expect, it } from 'vitest';
import { PackWriter } from '../packing/pack-writer.ts';
import { decodeFrame } from './frame.ts';
import { sealFrame } from './header.ts';
import { FRAME_LINKS_MAX, HEADER_BYTES, TIME_MS_MAX } from './limits.ts';
import { RUN_ABSOLUTE, RUN_ANCHORED, RUN_IRREGULAR } from './run-columns.ts';

const MAX = Number.MAX_SAFE_INTEGER;

/** One run of three readings, 1000 ms apart, as a body says it; each test tells one lie. */
const honest = {
  runs: 1,
  entry: 0,
  lengthLessOne: 2,
  flags: 0,
  headMs: 5000,
  headValue: 10,
  periodMs: 1000,
  anchorMs: 4000,
  divisor: 1,
  times: [] as number[],
  values: [1, 1],
  links: 0,
  count: 3,
  earliestMs: 5000,
  latestMs: 7000,
};

function lie(about: Partial<typeof honest>): unknown {
  const body = { ...honest, ...about };
  const pack = new PackWriter();
  const one = (value: number): void => pack.column(Float64Array.of(value), 1);
  pack.bytes.varint(body.runs);
  for (const value of [body.entry, body.lengthLessOne, body.flags, body.headMs, body.headValue, body.periodMs])
    one(value);
  pack.bytes.byte(0);
  one(body.anchorMs);
  pack.bytes.byte(1);
  one(0);
  one(body.divisor);
  pack.column(Float64Array.from(body.times), body.times.length);
  pack.plainColumn(Float64Array.from(body.values), body.values.length);
  pack.bytes.varint(body.links);
  const { count, earliestMs, latestMs } = body;
  const meta = { incarnation: 0, sequence: 1, dictionaryVersion: 1, watermarkMs: null };
  return decodeFrame(sealFrame(pack.finish(HEADER_BYTES), meta, { kind: 'readings', count, earliestMs, latestMs }));
}

const fault = (code: string): object => ({ kind: 'fault', code });

describe('a body under a right checksum', () => {
  it('is taken when it is honest', () => {
    expect(lie({})).toMatchObject({ kind: 'readings', runs: { value: Float64Array.of(10, 11, 12) } });
    expect(lie({ values: [MAX - 10, -5] })).toMatchObject({ runs: { value: Float64Array.of(10, MAX, MAX - 5) } });
  });

  it.each([
    ['columns', 'an entry that no dictionary has', { entry: 1 }],
    ['columns', 'a negative length', { lengthLessOne: -1 }],
    ['count', 'fewer readings than the header', { lengthLessOne: 1, values: [1] }],
    ['count', 'more runs than readings', { runs: 4 }],
    ['columns', 'flags that mean nothing', { flags: 16 }],
    ['columns', 'a head out of all time', { headMs: TIME_MS_MAX + 1 }],
    ['columns', 'a negative period', { periodMs: -1 }],
    ['order', 'no period', { periodMs: 0, latestMs: 5000 }],
    ['range', 'times that run out of all time', { headMs: TIME_MS_MAX - 1500, earliestMs: 0, latestMs: TIME_MS_MAX }],
    ['range', 'another earliest time', { earliestMs: 4999 }],
    ['range', 'another latest time', { latestMs: 7001 }],
    ['order', 'times that stand still', { flags: RUN_IRREGULAR, times: [0, -1000] }],
    ['order', 'times that go back', { flags: RUN_IRREGULAR, times: [0, -1001] }],
    ['range', 'times that leap out', { flags: RUN_IRREGULAR, times: [TIME_MS_MAX, TIME_MS_MAX] }],
    [
      'columns',
      'fewer values than readings, in blocks',
      { lengthLessOne: 300, count: 301, latestMs: 305_000, values: [1, 1] },
    ],
    ['order', 'an anchor at the head', { flags: RUN_ANCHORED, anchorMs: 5000 }],
    ['columns', 'a divisor of zero', { divisor: 0 }],
    ['range', 'a divisor of absolute values', { flags: RUN_ABSOLUTE, divisor: 2 }],
    ['range', 'a value one too high', { headValue: MAX - 1 }],
    ['range', 'a value one too low, by what its width just holds', { headValue: 15 - MAX, values: [-8, -8] }],
    ['range', 'a value that comes back', { headValue: MAX, values: [1, -1] }],
    ['range', 'a value far below', { values: [-MAX, -MAX] }],
    ['range', 'products beyond all values', { divisor: MAX, values: [2, -2] }],
    ['count', 'too many links', { links: FRAME_LINKS_MAX + 1 }],
    ['columns', 'links that are not there', { links: 1 }],
  ])('is answered with %s when it holds %s', (code, _lie, about) => {
    expect(lie(about)).toMatchObject(fault(code));
  });

  it('may hold extremes as they are', () => {
    const extreme = lie({ flags: RUN_ABSOLUTE, headValue: -MAX, values: [MAX, -MAX] });
    expect(extreme).toMatchObject({ runs: { value: Float64Array.of(-MAX, MAX, -MAX) } });
  });
});
