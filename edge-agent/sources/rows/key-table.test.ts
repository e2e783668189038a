import { describe, expect, it } from 'vitest';
import { FieldTable, KEY_BYTES_MAX, KEY_REFUSED, KeyTable } from './key-table.ts';

const encoder = new TextEncoder();

/** A row whose fields stand one after the other with nothing between them. */
function rowOf(...texts: readonly string[]): { bytes: Uint8Array; fields: FieldTable } {
  const fields = new FieldTable(texts.length);
  fields.count = texts.length;
  const bytes = encoder.encode(texts.join(''));
  let at = 0;
  texts.forEach((text, i) => {
    fields.starts[i] = at;
    at += encoder.encode(text).length;
    fields.ends[i] = at;
  });
  return { bytes, fields };
}

function find(table: KeyTable, ...texts: readonly string[]): number {
  const { bytes, fields } = rowOf(...texts);
  return table.find(bytes, fields);
}

describe('a key table', () => {
  it('numbers keys densely in the order they are first seen, also where their hashes are equal', () => {
    const table = new KeyTable([0]);
    // Among so many keys some pairs share their 32 bits of hash.
    const count = 300_000;
    const keyOf = (i: number): string => `${Math.imul(i, 0x85eb_ca6b) >>> 0} ${Math.imul(i, 0xc2b2_ae35) >>> 0}`;
    for (let i = 0; i < count; i++) if (find(table, keyOf(i)) !== i) expect.fail(`key ${i} is not new`);
    for (let i = count - 1; i >= 0; i--) if (find(table, keyOf(i)) !== i) expect.fail(`key ${i} is lost`);
  });

  it('tells fields apart whose texts together are the same', () => {
    const table = new KeyTable([0, 2]);
    expect(find(table, 'ab', 'x', 'c')).toBe(0);
    expect(find(table, 'a', 'x', 'bc')).toBe(1);
    expect(find(table, '', 'x', 'abc')).toBe(2);
    expect(find(table, 'ab', 'another', 'c')).toBe(0);
  });

  it('refuses a key that is too long', () => {
    const table = new KeyTable([0]);
    expect(find(table, 'x'.repeat(KEY_BYTES_MAX))).toBe(KEY_REFUSED);
    expect(find(table, 'x'.repeat(KEY_BYTES_MAX - 1))).toBe(0);
  });
});
