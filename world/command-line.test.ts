import { describe, expect, it } from 'vitest';
import { UserError } from '#cli/failure.ts';
import { wholeNumber } from './command-line.ts';

describe('a flag that takes a number', () => {
  it('takes whole numbers from 0 on, and may be left out', () => {
    expect([wholeNumber('seed', '0'), wholeNumber('seed', '42'), wholeNumber('seed', undefined)]).toEqual([
      0,
      42,
      undefined,
    ]);
  });

  it('refuses everything else as a mistake of who called', () => {
    for (const text of ['', '-1', '1.5', '1e3', 'many', '1234567890123456'])
      expect(() => wholeNumber('seed', text)).toThrow(UserError);
  });
});
