import { describe, expect, it } from 'vitest';
import { nearestNames } from './nearest-name.ts';

describe('the nearest names', () => {
  it('are those that differ in the fewest letters, in a third of them at most', () => {
    expect(nearestNames('regoin', ['region', 'regions', 'device'])).toEqual(['region']);
    expect(nearestNames('abc', ['abd', 'xyz'])).toEqual(['abd']);
    expect(nearestNames('abc', ['axy'])).toEqual([]);
    expect(nearestNames('abcd', ['abxy'])).toEqual(['abxy']);
    expect(nearestNames('abcd', ['axyz'])).toEqual([]);
    expect(nearestNames('kitten', ['sitting', 'sittin'])).toEqual(['sittin']);
  });

  it('do not mind case, and are told as they are written', () => {
    expect(nearestNames('europe/paris', ['Europe/Paris', 'Europe/Prague'])).toEqual(['Europe/Paris']);
  });

  it('may have what was typed as their last part, but a whole name comes first', () => {
    expect(nearestNames('paris', ['Europe/Paris', 'Asia/Tokyo'])).toEqual(['Europe/Paris']);
    expect(nearestNames('utc', ['Etc/UTC', 'UTC'])).toEqual(['UTC']);
  });

  it('are three at most, in the order of the alphabet', () => {
    expect(nearestNames('ax', ['ad', 'ac', 'aa', 'ab'])).toEqual(['aa', 'ab', 'ac']);
  });

  it('are none for a text that is no name', () => {
    const name = 'n'.repeat(64);
    expect(nearestNames(name, [name])).toEqual([name]);
    expect(nearestNames(`${name}n`, [name])).toEqual([]);
  });
});
