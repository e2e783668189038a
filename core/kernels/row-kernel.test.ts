import { describe, expect, it } from 'vitest';
import { KEY_BYTES_MAX, type PlainRowForm, READINGS_MAX, RowKernel, TEXT_BYTES } from './row-kernel.ts';

const encoder = new TextEncoder();
const COMMA = 0x2c;
const LF = 0x0a;

const FORM: PlainRowForm = {
  columns: ['time', 'key', 'none', 'key', 1, 0],
  delimiter: COMMA,
  commentByte: LF,
  rowBytesMax: 1_000,
  values: [
    { decimals: 0, min: -1_000, max: 1_000, rounds: false },
    { decimals: 2, min: -1_000, max: 1_000, rounds: true },
  ],
  times: { kind: 'number', digitsMax: 15, factor: 1, divisor: 1 },
  shiftMs: 0,
  earliestMs: 0,
  latestMs: 1e15,
};

/** The tests compare: where there is no kernel, which no machine that tests are run on is without, they fail. */
function open(form: PlainRowForm): RowKernel {
  const kernel = RowKernel.open(form);
  if (kernel === undefined) throw new Error('this runtime has no WebAssembly');
  return kernel;
}

function learn(kernel: RowKernel, parts: readonly string[], entries: readonly number[]): boolean {
  const bytes = encoder.encode(parts.join(''));
  let end = 0;
  const fields = parts.map((part) => {
    const start = end;
    end += encoder.encode(part).length;
    return [start, end] as const;
  });
  return kernel.learn(bytes, fields, entries);
}

function load(kernel: RowKernel, text: string): number {
  const bytes = encoder.encode(text);
  return kernel.load(bytes, 0, bytes.length);
}

/** Entry, time and value of each reading that was taken last. */
function taken(kernel: RowKernel): readonly (readonly number[])[] {
  const { count } = kernel;
  const [entry, timeMs, value] = [new Int32Array(count), new Float64Array(count), new Float64Array(count)];
  kernel.copyTo(entry, timeMs, value, 0);
  return Array.from(entry, (of, i) => [of, timeMs[i]!, value[i]!]);
}

describe('the kernel of rows', () => {
  it('gives the readings of each row in the order of its values, up to the first row whose key is not known', () => {
    const kernel = open(FORM);
    learn(kernel, ['a', 'x'], [7, 8]);
    load(kernel, '1000,a,-,x,1.5,3\n2000,a,more,x,-.25,-4\r\n3000,a,,y,1,1\n');
    expect(kernel.take(10, 1e15)).toBe(2);
    expect([kernel.stoppedBy, kernel.highestMs]).toEqual(['unknown-key', 2_000]);
    expect(taken(kernel)).toEqual([
      [7, 1_000, 3],
      [8, 1_000, 150],
      [7, 2_000, -4],
      [8, 2_000, -25],
    ]);
    learn(kernel, ['a', 'y'], [9, 10]);
    expect(kernel.take(10, 1e15)).toBe(1);
    expect(kernel.stoppedBy).toBe('end');
    expect(taken(kernel)).toEqual([
      [9, 3_000, 1],
      [10, 3_000, 100],
    ]);
  });

  it('tells keys apart whose fields hold the same bytes elsewhere', () => {
    const kernel = open(FORM);
    learn(kernel, ['ab', ''], [1, 1]);
    learn(kernel, ['a', 'b'], [2, 2]);
    load(kernel, '1,a,,b,1,1\n1,ab,,,1,1\n1,,,ab,1,1\n');
    expect(kernel.take(10, 1e15)).toBe(2);
    expect(taken(kernel).map(([entry]) => entry)).toEqual([2, 2, 1, 1]);
    expect(kernel.stoppedBy).toBe('unknown-key');
  });

  it('knows every one of many keys, also once its table has grown', () => {
    const kernel = open(FORM);
    const keys = Array.from({ length: 5_000 }, (_, i) => [`device-${i}`, 'r'.repeat(i % 90)] as const);
    for (const [i, key] of keys.entries()) expect(learn(kernel, key, [2 * i, 2 * i + 1])).toBe(true);
    const lines = keys.map(([device, region]) => `5,${device},,${region},1,1\n`);
    let at = 0;
    while (at < lines.length) {
      load(kernel, lines.slice(at).join(''));
      const rows = kernel.take(READINGS_MAX, 1e15);
      expect(rows).toBeGreaterThan(0);
      expect(taken(kernel).map(([entry]) => entry)).toEqual(Array.from({ length: 2 * rows }, (_, i) => 2 * at + i));
      at += rows;
    }
  });

  it('loads whole lines only, as many as there is room for, and takes no more rows than it is asked for', () => {
    const kernel = open(FORM);
    learn(kernel, ['a', 'x'], [7, 8]);
    expect(load(kernel, '1,a,,x,1,1\n2,a,,x')).toBe('1,a,,x,1,1\n'.length);
    expect(load(kernel, '1,a,,x,1')).toBe(0);
    const line = '1,a,,x,1,1\n';
    expect(load(kernel, line.repeat(TEXT_BYTES))).toBe(Math.floor(TEXT_BYTES / line.length) * line.length);
    expect([kernel.take(3, 1e15), kernel.index]).toEqual([3, 3 * line.length]);
    expect(kernel.take(READINGS_MAX, 1e15)).toBe(READINGS_MAX / 2);
  });

  it('learns no key that is longer than its room, and has no kernel for rows that give nothing', () => {
    const kernel = open(FORM);
    expect(learn(kernel, ['k'.repeat(KEY_BYTES_MAX - 2), ''], [1, 1])).toBe(true);
    expect(learn(kernel, ['k'.repeat(KEY_BYTES_MAX - 1), ''], [1, 1])).toBe(false);
    expect(RowKernel.open({ ...FORM, columns: ['time'], values: [] })).toBeUndefined();
  });
});
