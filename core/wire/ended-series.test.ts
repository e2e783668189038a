import { describe, expect, it } from 'vitest';
import type { EndedEntry } from '../fold/silences.ts';
import { DICTIONARY_ENTRIES_MAX, TIME_MS_MAX } from '../frames/limits.ts';
import { ENDED_ENTRIES_MAX, encodeEnded, parseEnded, splitEnded } from './ended-series.ts';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('the message that tells which series are ended', () => {
  it('is read as it was written, up to the ends of every range', () => {
    const ended: readonly EndedEntry[] = [
      [0, -TIME_MS_MAX],
      [DICTIONARY_ENTRIES_MAX - 1, TIME_MS_MAX],
    ];
    for (const more of [true, false]) expect(parseEnded(encodeEnded({ ended, more }))).toEqual({ ended, more });
  });

  it('comes once where there are none, and in several where there are more than one tells', () => {
    expect(splitEnded([])).toEqual([{ ended: [], more: false }]);
    const all = Array.from({ length: 2 * ENDED_ENTRIES_MAX }, (_, entry): EndedEntry => [entry, 1]);
    const messages = splitEnded(all);
    expect(messages.map(({ ended, more }) => [ended.length, more])).toEqual([
      [ENDED_ENTRIES_MAX, true],
      [ENDED_ENTRIES_MAX, false],
    ]);
    expect(messages.flatMap(({ ended }) => ended)).toEqual(all);
  });

  it('is a fault where it is anything else', () => {
    expect(parseEnded(Uint8Array.of(1))).toMatchObject({ message: /no JSON object/ });
    expect(parseEnded(json({ ended: [] }))).toMatchObject({ message: /more must be/ });
    const many = Array.from({ length: ENDED_ENTRIES_MAX + 1 }, () => [0, 0]);
    for (const ended of [
      5,
      [5],
      [[0]],
      [[0, 1, 2]],
      [[-1, 0]],
      [[DICTIONARY_ENTRIES_MAX, 0]],
      [[0, 0.5]],
      [[0, 2 ** 53]],
      many,
    ])
      expect(parseEnded(json({ ended, more: false }))).toMatchObject({ message: /short list/ });
  });
});
