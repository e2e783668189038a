import { describe, expect, it } from 'vitest';
import { firstKey, firstValue, positionOfKey, recordKey } from './embedded-store.ts';

const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');

// The forms stand on disks: these bytes were worked out from the drawing in `embedded-store.ts`, not by it.
describe('the keys of the embedded log', () => {
  it('hold partition and position, big endian', () => {
    expect(hex(recordKey(0, 1))).toBe('01' + '0000' + '0000000000000001');
    expect(hex(recordKey(258, 2 ** 32 + 3))).toBe('01' + '0102' + '0000000100000003');
    expect(positionOfKey(recordKey(258, 2 ** 32 + 3))).toBe(2 ** 32 + 3);
  });

  it('say apart from the records where a partition begins', () => {
    expect(hex(firstKey(258))).toBe('02' + '0102');
    expect(hex(firstValue(7))).toBe('0000000000000007');
  });
});
