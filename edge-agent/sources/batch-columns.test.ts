import { describe, expect, it } from 'vitest';
import { BATCH_REFUSALS_MAX, BatchColumns } from './batch-columns.ts';
import { REFUSED_TEXT_CHARS_MAX } from './source.ts';

const END = { checkpoint: {}, watermarkMs: null, ambiguousTimes: 0 };

describe('a batch', () => {
  it('stays whole until the next but one is begun', () => {
    const columns = new BatchColumns(4);
    columns.push(0, 10, 100);
    const first = columns.close(END);
    columns.push(1, 11, 101);
    const second = columns.close(END);
    expect([first.entry[0], first.timeMs[0], first.value[0]]).toEqual([0, 10, 100]);
    expect([second.entry[0], second.timeMs[0], second.value[0]]).toEqual([1, 11, 101]);
    expect(columns.isEmpty).toBe(true);
  });

  it('counts all refusals and tells a bounded number of them, each with a bounded text', () => {
    const columns = new BatchColumns(4);
    const text = new TextEncoder().encode('ü'.repeat(1_000));
    for (let line = 1; line <= BATCH_REFUSALS_MAX + 5; line++) columns.refuse(line, 2, 'bad', text, 0, text.length);
    const { refusals, tallies } = columns.close(END);
    expect(refusals).toHaveLength(BATCH_REFUSALS_MAX);
    expect(refusals[0]!.text).toBe('ü'.repeat(REFUSED_TEXT_CHARS_MAX));
    expect(tallies.quarantined).toBe(2 * (BATCH_REFUSALS_MAX + 5));
    expect(columns.close(END).refusals).toEqual([]);
  });
});
