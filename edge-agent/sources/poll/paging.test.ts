import { describe, expect, it } from 'vitest';
import type { JsonText } from '../ndjson/json-fields.ts';
import { nextLink, Paging, type ReadPage } from './paging.ts';
import type { Pages } from './poll-section.ts';

const FIRST = new URL('https://host/load?filter={"a":["b c"]}&start=1');

let digests = 0;

function page(rows: number, rest: JsonText = {}, more: Partial<ReadPage> = {}): ReadPage {
  return { rows, rest, link: null, url: FIRST, digest: digests++, ...more };
}

/** Where each page leads; the last one leads nowhere. */
function walk(pages: Pages | undefined, ...read: readonly ReadPage[]): readonly (string | undefined)[] {
  const paging = new Paging(pages, FIRST);
  return [paging.first.href, ...read.map((one) => paging.next(one)?.href)];
}

describe('pages', () => {
  it('are counted by rows up to an empty one, or to the total, and leave the parameters before them as they were', () => {
    const names = { offset: 'offset', limit: 'limit', size: 100 };
    const at = (offset: number): string => `${FIRST.href}&offset=${offset}&limit=100`;
    expect(walk(names, page(100), page(30), page(0))).toEqual([at(0), at(100), at(130), undefined]);
    const total = { ...names, total: 'meta.total' };
    expect(walk(total, page(100, { meta: { total: 130 } }), page(30, { meta: { total: 130 } }))).toEqual([
      at(0),
      at(100),
      undefined,
    ]);
  });

  it('are followed by the link in the answer, relative or not', () => {
    const at = (next: JsonText): ReadPage => page(5, { links: { next } });
    expect(walk({ next: 'links.next' }, at('?page=2'), at('https://host/load?page=3'), at(null))).toEqual([
      FIRST.href,
      'https://host/load?page=2',
      'https://host/load?page=3',
      undefined,
    ]);
    // As a service writes it that doesn't know of the proxy before it.
    expect(walk({ next: 'links.next' }, at('http://host/load?page=2'))[1]).toBe('https://host/load?page=2');
    expect(() => walk({ next: 'links.next' }, at('https://other/load'))).toThrow('leads to https://other');
    expect(() => walk({ next: 'links.next' }, at('http://'))).toThrow('is no link');
  });

  it('are found without being said, by the header, or where the answer tells that it is a part', () => {
    const link = '<https://host/load?page=2>; rel="next"';
    expect(walk(undefined, page(5, {}, { link }), page(5))).toEqual([
      FIRST.href,
      'https://host/load?page=2',
      undefined,
    ]);
    const part = { total: 250, limit: 100 };
    expect(walk(undefined, page(100, part), page(100, part), page(50, part))).toEqual([
      FIRST.href,
      `${FIRST.href}&offset=100&limit=100`,
      `${FIRST.href}&offset=200&limit=100`,
      undefined,
    ]);
    for (const rest of [{ total: 250 }, { total: 250, limit: 50 }, { total: 99.5, limit: 100 }, null])
      expect(walk(undefined, page(100, rest))[1]).toBeUndefined();
    expect(walk('none', page(100, part, { link }))[1]).toBeUndefined();
    expect(walk('link', page(100, part))[1]).toBeUndefined();
  });

  it('that lead nowhere new are refused', () => {
    const names = { offset: 'offest', limit: 'limit', size: 100 };
    expect(() => walk(names, page(100, {}, { digest: 7 }), page(100, {}, { digest: 7 }))).toThrow(
      'the same page again',
    );
    const at = (next: string): ReadPage => page(5, { next });
    expect(() => walk({ next: 'next' }, at('?page=2'), at('?page=3'), at('?page=2'))).toThrow('lead in a circle');
  });
});

describe('a header Link', () => {
  it('tells the next page among other relations (RFC 8288)', () => {
    expect(nextLink('<https://a/?p=2>; rel="next", <https://a/?p=9>; rel="last"')).toBe('https://a/?p=2');
    expect(nextLink('</p/1>; rel=prev; title="next, <x>", </p/3>;title="a;b";rel="start NEXT"')).toBe('/p/3');
    expect(nextLink('<?p=2>;rel=next')).toBe('?p=2');
    expect(nextLink('<https://a>; rel="nextest"')).toBeUndefined();
    expect(nextLink('<https://a>; title="; rel=next"')).toBeUndefined();
    expect(nextLink('nonsense')).toBeUndefined();
  });
});
