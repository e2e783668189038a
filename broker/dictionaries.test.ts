import { describe, expect, it } from 'vitest';
import { Dictionaries } from './dictionaries.ts';
import { type KnownEntry, refused } from './frame-verdict.ts';

const TAKEN: KnownEntry = { kind: 'taken', paneMs: 10_000, quantiles: false };
const FOREIGN = refused('series-claimed', 'x');

describe('the dictionaries that a broker knows', () => {
  it('hold what was last said of an entry, and nothing of those that nobody named', () => {
    const dictionary = new Dictionaries().begin('a');
    dictionary.learn(2, [TAKEN, FOREIGN]);
    expect([0, 1, 2, 3, 4].map((index) => dictionary.at(index))).toEqual([
      undefined,
      undefined,
      TAKEN,
      FOREIGN,
      undefined,
    ]);
    dictionary.learn(0, [TAKEN, TAKEN, FOREIGN, TAKEN]);
    expect([0, 1, 2, 3].map((index) => dictionary.at(index))).toEqual([TAKEN, TAKEN, FOREIGN, TAKEN]);
    expect(dictionary.size).toBe(4);
  });

  it('are forgotten of who has been silent longest when they are too many, and never of the last', () => {
    const dictionaries = new Dictionaries(3);
    const learn = (agent: string, count: number): void => {
      const dictionary = dictionaries.of(agent) ?? dictionaries.begin(agent);
      dictionary.learn(
        0,
        Array.from({ length: count }, () => TAKEN),
      );
      dictionaries.trim();
    };
    learn('a', 1);
    learn('b', 2);
    expect(dictionaries.of('a')?.size).toBe(1);
    learn('c', 1);
    expect(['a', 'b', 'c'].map((agent) => dictionaries.of(agent)?.size)).toEqual([1, undefined, 1]);
    learn('d', 9);
    expect(['a', 'c', 'd'].map((agent) => dictionaries.of(agent)?.size)).toEqual([undefined, undefined, 9]);
  });
});
