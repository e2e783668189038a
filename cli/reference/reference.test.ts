import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { judgeConfigText } from '../config/load-config.ts';
import { documentedSchema, type DocumentedSchema, keyRows, typeText } from './documented-schema.ts';
import { referencePages } from './pages.ts';

const FOLDER = new URL('../../docs/reference/', import.meta.url);

/** The sections that have keys: one for each kind where there are several. */
function sectionsOf(schema: DocumentedSchema): readonly DocumentedSchema[] {
  const within = [schema.additionalProperties, ...(schema.oneOf ?? [])].filter((one) => typeof one === 'object');
  return schema.properties === undefined ? within.flatMap(sectionsOf) : [schema];
}

describe('the reference of the configuration', () => {
  const { schema, refused } = documentedSchema();
  const sections = Object.values(schema.properties ?? {});

  it('is the one that the schemas give: where this fails, npm run docs:reference writes it', async () => {
    const written: Record<string, string> = {};
    for (const file of await readdir(FOLDER)) written[file] = await readFile(new URL(file, FOLDER), 'utf8');
    expect(written).toEqual(Object.fromEntries(referencePages().map(({ file, text }) => [file, text])));
  });

  it('says of every key what it means, with an example', () => {
    const rows = sections.flatMap(sectionsOf).flatMap((section) => keyRows(section));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter(({ meaning, example }) => !/^[^a-z].*\.$/.test(meaning) || example === '')).toEqual([]);
  });

  it('shows examples that can be used', () => {
    expect(refused).toEqual([]);
    const metrics =
      'metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m }, temperature: { unit: C, decimals: 1, kind: gauge, interval: 1m } }\n';
    for (const { file, text } of referencePages()) {
      const [, example] = /```yaml\n([^]*?)```/.exec(text)!;
      const config = /^metrics:/m.test(example!) ? example! : metrics + example!;
      expect({ file, ...judgeConfigText(config) }).toMatchObject({ file, kind: 'usable' });
    }
  });
});

describe('a type', () => {
  it.each<[DocumentedSchema, string]>([
    [{ title: 'length of time', type: 'string' }, 'length of time'],
    [{ enum: ['a', 'b c'] }, '`a`, `b c`'],
    [{ type: 'integer', minimum: 0, maximum: 9 }, 'whole number, 0 to 9'],
    [{ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, 'whole number from 1'],
    [{ type: 'array', items: { type: 'string' } }, 'list of text'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'number by name'],
    [{ anyOf: [{ type: 'string' }, { type: 'string' }, { type: 'object', properties: {} }] }, 'text or section'],
  ])('%j is told as %s', (schema, told) => {
    expect(typeText(schema)).toBe(told);
  });
});
