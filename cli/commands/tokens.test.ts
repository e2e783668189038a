import { describe, expect, it } from 'vitest';
import { grantOf, parseUntil, tokensTable } from './tokens.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

describe('the flags of "weir tokens add"', () => {
  it('say what it allows, the values of a tag being alternatives', () => {
    expect(grantOf({ may: 'read', where: [], until: null })).toEqual({
      may: 'read',
      views: null,
      where: {},
      untilMs: null,
    });
    const where = [
      ['region', 'DK1'],
      ['house', '7'],
      ['region', 'DK2'],
    ] as const;
    expect(grantOf({ may: 'read', views: ['a', 'b'], where, until: 5 })).toEqual({
      may: 'read',
      views: ['a', 'b'],
      where: { region: ['DK1', 'DK2'], house: ['7'] },
      untilMs: 5,
    });
  });

  it.each([
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['2027-01-31T01:00:00+01:00', Date.UTC(2027, 0, 31)],
    ['90m', NOW + 90 * 60_000],
    ['1mo', Date.UTC(2026, 1, 28, 12)],
    ['90d', NOW + 90 * 86_400_000],
  ])('say that it ends by %s', (text, endMs) => {
    expect(parseUntil(text, NOW)).toBe(endMs);
  });

  it.each(['', 'soon', '-7d', '0d', '90 d', '2027-02-30'])('know no end %j', (text) => {
    expect(() => parseUntil(text, NOW)).toThrow('Write it like 2027-01-31T00:00:00Z, or 90d from now.');
  });
});

describe('the list of tokens', () => {
  it('says what each allows, and never what it is', () => {
    const one = {
      name: 'tenant-7',
      id: 'c0ffee',
      may: 'read',
      views: ['usage'],
      where: { house: ['7', '8'] },
    } as const;
    const told = { ...one, until: '2027-01-31T00:00:00Z', hasEnded: true };
    const all = { ...told, name: 'op', views: null, where: {}, until: null, hasEnded: false };
    expect(tokensTable({ tokens: [told, all] }).split('\n')).toEqual([
      'token     id      may   views  where      until',
      'tenant-7  c0ffee  read  usage  house=7|8  2027-01-31T00:00:00Z (ended)',
      'op        c0ffee  read  all               revoked',
      '',
    ]);
  });
});
