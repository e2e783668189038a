import { describe, expect, it } from 'vitest';
import { metricText } from './metric-text.ts';
import {
  DATATYPE,
  decodePayload,
  encodeRebirthRequest,
  type SparkplugMetric,
  type SparkplugPayload,
} from './payload.ts';
import { decodeTahu, encodePayload, type TahuMetric, type TahuPayload } from './tahu-node.fixtures.ts';

type TahuValue = TahuMetric['value'];

function decoded(bytes: Uint8Array): SparkplugPayload {
  const payload = decodePayload(bytes);
  if (typeof payload === 'string') throw new Error(payload);
  return payload;
}

function metricOf(metric: Partial<TahuMetric> & Pick<TahuMetric, 'type' | 'value'>): SparkplugMetric {
  return decoded(encodePayload({ timestamp: 1, metrics: [metric] })).metrics[0]!;
}

/** The text of a value that Tahu's library writes. */
function textOf(type: TahuMetric['type'], value: TahuValue): unknown {
  const metric = metricOf({ type, value });
  return metricText(metric, metric.datatype);
}

/** A 64-bit integer as the library takes one that no double holds. */
function long(value: bigint): TahuValue {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return { low, high, unsigned: false } as unknown as TahuValue;
}

describe('the text of a metric', () => {
  it('is its value, whatever its datatype (§6.4.17)', () => {
    const cases: readonly (readonly [TahuMetric['type'], TahuValue, string])[] = [
      ['Int8', -128, '-128'],
      ['Int8', 127, '127'],
      ['Int16', -32_768, '-32768'],
      ['Int16', 32_767, '32767'],
      ['Int32', -2_147_483_648, '-2147483648'],
      ['Int32', 2_147_483_647, '2147483647'],
      ['Int64', -5, '-5'],
      ['Int64', -2_147_483_649, '-2147483649'],
      ['Int64', 9_007_199_254_740_991, '9007199254740991'],
      ['Int64', long(-9_223_372_036_854_775_808n), '-9223372036854775808'],
      ['UInt8', 255, '255'],
      ['UInt16', 65_535, '65535'],
      ['UInt32', 4_294_967_295, '4294967295'],
      ['UInt64', 4_294_967_296, '4294967296'],
      ['UInt64', long(18_446_744_073_709_551_615n), '18446744073709551615'],
      ['Float', Math.fround(21.4), '21.4'],
      ['Float', Math.fround(1e-7), '1e-7'],
      ['Double', 0.1, '0.1'],
      ['Double', -1.5e300, '-1.5e+300'],
      ['Double', Number.NaN, 'NaN'],
      ['Boolean', true, '1'],
      ['Boolean', false, '0'],
      ['String', ' 7.5 ', ' 7.5 '],
      ['DateTime', 1_700_000_000_000, '1700000000000'],
    ];
    for (const [type, value, text] of cases) expect([type, textOf(type, value)]).toEqual([type, text]);
  });

  it('reads the bits that a small integer has, or those of an Int32, and nothing that is neither', () => {
    const metric = metricOf({ type: 'UInt16', value: 0 });
    const int8 = (intValue: number): unknown =>
      metricText(Object.assign(Object.create(metric), { intValue }), DATATYPE.int8);
    expect([int8(0xfb), int8(0xffff_fffb), int8(5)]).toEqual(['-5', '-5', '5']);
    expect(int8(300)).toEqual({ reason: 'is 300, which no Int8 is' });
  });

  it('is none where the metric is null, has no value, or is of a quality that is not good (§6.4.9.1)', () => {
    const withQuality = (value: number): unknown =>
      metricText(metricOf({ type: 'Double', value: 5, properties: { Quality: { type: 'Int32', value } } }), 10);
    expect([textOf('Double', null), withQuality(0), withQuality(500)]).toEqual([null, null, null]);
    expect(withQuality(192)).toBe('5');
    const other = { engUnit: { type: 'String', value: 'A' } } as const;
    expect(metricText(metricOf({ type: 'Double', value: 5, properties: other }), 10)).toBe('5');
    expect(metricText(metricOf({ type: 'Double', value: undefined as unknown as null }), 10)).toBeNull();
  });

  it('is none of a data set, a template or bytes, which are no single value', () => {
    const set = { numOfColumns: 1, columns: ['a'], types: ['Int32'], rows: [[1]] } as unknown as TahuValue;
    const template = { isDefinition: false, templateRef: 'motor', metrics: [] } as unknown as TahuValue;
    expect(textOf('DataSet', set)).toEqual({ reason: expect.stringContaining('data set') });
    expect(textOf('Template', template)).toEqual({ reason: expect.stringContaining('template') });
    expect(textOf('Bytes', Uint8Array.of(1, 2))).toEqual({ reason: expect.stringContaining('bytes') });
    expect(textOf('File', Uint8Array.of(1, 2))).toEqual({ reason: expect.stringContaining('bytes') });
  });

  it('is none of an integer that may be meant as negative, as nobody told its datatype', () => {
    const metric = metricOf({ type: 'Int32', value: -5 });
    expect(metricText(metric, DATATYPE.unknown)).toEqual({ reason: expect.stringContaining('no datatype') });
    expect(metricText(metricOf({ type: 'Int32', value: 5 }), DATATYPE.unknown)).toBe('5');
    expect(metricText(metricOf({ type: 'Double', value: 5 }), DATATYPE.unknown)).toBe('5');
  });
});

describe('a payload', () => {
  it('tells its time, its number, and 0 where zeros were left out', () => {
    expect(decoded(encodePayload({ timestamp: 1_700_000_000_000, metrics: [], seq: 255 }))).toMatchObject({
      atMs: 1_700_000_000_000,
      seq: 255,
    });
    expect(decoded(encodePayload({} as TahuPayload))).toMatchObject({ atMs: Number.NaN, seq: 0, metrics: [] });
  });

  it('is refused where it is none, is compressed, or has a number that no message has', () => {
    expect(decodePayload(Uint8Array.of(0x12, 0xff))).toContain('is no Sparkplug B payload');
    expect(
      decodePayload(encodePayload({ uuid: 'SPBV1.0_COMPRESSED', body: Uint8Array.of(1) } as TahuPayload)),
    ).toContain('is compressed');
    expect(decodePayload(encodePayload({ seq: 256 } as TahuPayload))).toContain('beyond 255');
  });

  it('that asks for births is read as such by others (tck-id-operational-behavior-data-commands-ncmd-rebirth-value)', () => {
    const { timestamp, metrics, seq } = decodeTahu(encodeRebirthRequest(1_700_000_000_000));
    expect(Number(timestamp)).toBe(1_700_000_000_000);
    expect(metrics).toEqual([expect.objectContaining({ name: 'Node Control/Rebirth', type: 'Boolean', value: true })]);
    expect(Number(seq ?? 0)).toBe(0);
  });
});
