/** What is said of series that an agent doesn't take. */
import { describe, expect, it } from 'vitest';
import { FieldTable, KeyTable } from './key-table.ts';
import { FAULTS_KEPT_MAX, NO_ENTRY, RuleEntries } from './row-rules.ts';

const encoder = new TextEncoder();

function rowOf(text: string): { bytes: Uint8Array; fields: FieldTable } {
  const bytes = encoder.encode(text);
  const fields = new FieldTable(1);
  fields.count = 1;
  fields.starts[0] = 0;
  fields.ends[0] = bytes.length;
  return { bytes, fields };
}

describe('series that an agent does not take', () => {
  it('are told why as long as that is kept, and of the others where it is told', () => {
    const full = { kind: 'series-fault', code: 'full', field: 'device', message: 'as many as one takes' } as const;
    const rule = { metric: 'power', value: 'v', device: '{id}', tags: {}, when: {} };
    const entries = new RuleEntries(rule, new Map([['id', 0]]), new KeyTable([0]), { intern: () => full });
    const told = (device: string): string => {
      const { bytes, fields } = rowOf(device);
      const key = entries.key(bytes, fields);
      // The second row of a series is asked about without being described again.
      for (let i = 0; i < 2; i++) expect(entries.entry(key, bytes, fields)).toBe(NO_ENTRY);
      return entries.fault(key);
    };
    for (let i = 0; i < FAULTS_KEPT_MAX; i++) expect(told(`d-${i}`)).toBe('as many as one takes');
    expect(told('one-more')).toMatch(
      /^the agent takes no such series; what it says of the first 1000 of them says why$/,
    );
    expect(told('d-0')).toBe('as many as one takes');
    expect(told('')).toMatch(/^the device, or a tag, is empty/);
  });
});
