import { describe, expect, it } from 'vitest';
import { ResultCache } from './result-cache.ts';

function maker(made: string[]) {
  return (name: string, bytes = 10) =>
    async () => {
      made.push(name);
      return { value: name, bytes };
    };
}

describe('a result cache', () => {
  it('a value is made once and given again, also to who asks while it is made', async () => {
    const made: string[] = [];
    const make = maker(made);
    const cache = new ResultCache<string>(100);
    expect(await Promise.all([cache.get('a', make('a')), cache.get('a', make('a'))])).toEqual(['a', 'a']);
    expect(await cache.get('a', make('a'))).toBe('a');
    expect(made).toEqual(['a']);
  });

  it('what was not used for longest goes first when the limit is passed', async () => {
    const made: string[] = [];
    const make = maker(made);
    const cache = new ResultCache<string>(30);
    for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) await cache.get(name, make(name));
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
    expect(cache.bytes).toBeLessThanOrEqual(30);
  });

  it('a value larger than the limit is given, and kept alone until the next', async () => {
    const made: string[] = [];
    const make = maker(made);
    const cache = new ResultCache<string>(30);
    await cache.get('a', make('a'));
    expect(await cache.get('large', make('large', 1000))).toBe('large');
    expect(await cache.get('large', make('large', 1000))).toBe('large');
    await cache.get('b', make('b'));
    expect(cache.bytes).toBe(10);
    expect(made).toEqual(['a', 'large', 'b']);
  });

  it('a failure is told to who waits, and not kept', async () => {
    const cache = new ResultCache<string>(30);
    const fail = () => Promise.reject(new Error('no'));
    await expect(cache.get('a', fail)).rejects.toThrow('no');
    expect(await cache.get('a', () => Promise.resolve({ value: 'yes', bytes: 1 }))).toBe('yes');
  });
});
