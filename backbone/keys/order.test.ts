import { describe, expect, it } from 'vitest';
import * as order from './order.ts';

const { intKey, joinKeys, prefixRange, readIntKey, readKey, readUintKey, stringKey, tupleKey, uintKey } = order;

const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

// The forms stand on disks: these bytes were worked out from the drawing in `order.ts`, not by it.
describe('the bytes of keys', () => {
  it.each([
    [0, '0000000000000000'],
    [258, '0000000000000102'],
    [2 ** 32 + 1, '0000000100000001'],
    [2 ** 53 - 1, '001fffffffffffff'],
  ])('are those of the uint %d, big endian', (value, key) => {
    expect(hex(uintKey(value))).toBe(key);
    expect(readUintKey(bytes(key))).toBe(value);
  });

  it.each([
    [0, '0020000000000000'],
    [1, '0020000000000001'],
    [-1, '001fffffffffffff'],
    [-(2 ** 32), '001fffff00000000'],
    [2 ** 53 - 1, '003fffffffffffff'],
    [-(2 ** 53 - 1), '0000000000000001'],
  ])('are those of the int %d, moved up by 2^53', (value, key) => {
    expect(hex(intKey(value))).toBe(key);
    expect(readIntKey(bytes(key))).toBe(value);
  });

  it.each([
    ['', '0000'],
    ['ab', '61620000'],
    ['a\0b', '6100ff620000'],
    ['\0', '00ff0000'],
    ['é', 'c3a90000'],
  ])('are those of the string %j, closed by two zeros', (value, key) => {
    expect(hex(stringKey(value))).toBe(key);
    expect(readKey(bytes(key), ['string'])).toStrictEqual([value]);
  });

  it('are those of the parts of a tuple, one after the other', () => {
    expect(hex(tupleKey('a', 1))).toBe('610000' + '0020000000000001');
    expect(hex(joinKeys(bytes('01'), bytes(''), bytes('0203')))).toBe('010203');
  });

  it('are read where they stand', () => {
    expect(readUintKey(bytes('ffff0000000000000102'), 2)).toBe(258);
    expect(readIntKey(bytes('ffff0020000000000001'), 2)).toBe(1);
  });

  it('that no key can have are not taken for one', () => {
    for (const wrong of ['0020000000000000', '0100000000000000', '00000000000000']) {
      expect(() => readUintKey(bytes(wrong))).toThrow(/uint key/);
    }
    for (const wrong of ['0000000000000000', '0040000000000000'])
      expect(() => readIntKey(bytes(wrong))).toThrow(/2\^53/);
    for (const wrong of ['', '61', '6100', '61005500', '6100ff']) {
      expect(() => readKey(bytes(wrong), ['string'])).toThrow(/string key/);
    }
    expect(() => readKey(bytes('61000000'), ['string'])).toThrow('a key of 4 bytes has parts of 3 bytes');
  });
});

describe('the range of a prefix', () => {
  it.each([
    ['0102', '0103'],
    ['01ff', '02'],
    ['01feff', '01ff'],
    ['00', '01'],
  ])('of %s ends before %s', (prefix, end) => {
    const { gte, lt } = prefixRange(bytes(prefix));
    expect([hex(gte), hex(lt!)]).toStrictEqual([prefix, end]);
  });

  it('has no end where nothing comes after it', () => {
    for (const prefix of ['', 'ff', 'ffff']) expect(prefixRange(bytes(prefix)).lt).toBeUndefined();
  });

  it('leaves the prefix as it is', () => {
    const prefix = bytes('0102');
    prefixRange(prefix);
    expect(hex(prefix)).toBe('0102');
  });
});
