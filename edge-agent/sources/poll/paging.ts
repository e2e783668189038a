import { isJsonObject, type JsonText, valueAtPath } from '../ndjson/json-fields.ts';
import { PAGES_MAX } from './limits.ts';
import { PollError } from './poll-error.ts';
import type { Pages } from './poll-section.ts';

/** What tells whether a page is the last one. */
export interface ReadPage {
  /** The answer without its rows; undefined where it is not JSON. */
  readonly rest: JsonText | undefined;
  readonly link: string | null;
  /** Where the page came from. */
  readonly url: URL;
  readonly rows: number;
  /** The same for equal rows. */
  readonly digest: number;
}

/**
 * Goes through the pages of one answer. Where the section doesn't say how, a `Link` header is followed, and so is an answer
 * that says itself that it holds `limit` rows of more in `total`, as those of Energinet and its like do. By number of rows
 * pages go on to one without rows, or to the total: a service may give fewer rows than it is asked for on any page.
 */
export class Paging {
  readonly first: URL;
  readonly #url: URL;
  readonly #pages: Pages | undefined;
  readonly #asked = new Set<string>();
  #offset = 0;
  #digest: number | undefined;

  constructor(pages: Pages | undefined, url: URL) {
    this.#url = url;
    this.#pages = pages;
    this.first = typeof pages === 'object' && 'offset' in pages ? withRange(url, pages, 0) : url;
    this.#asked.add(this.first.href);
  }

  /** Where the page after this one is; null after the last. Throws PollError where paging leads in a circle, or elsewhere. */
  next(page: ReadPage): URL | null {
    if (page.rows > 0 && page.digest === this.#digest) {
      const remedy = 'check the names in `pages`; say `pages: none` where there is but one page';
      throw PollError.lasting('it gives the same page again when it is asked for the next', remedy);
    }
    this.#digest = page.digest;
    this.#offset += page.rows;
    const next = this.#after(page);
    if (next === null) return null;
    if (this.#asked.has(next.href)) throw PollError.lasting('its pages lead in a circle', 'check `pages`');
    if (this.#asked.size >= PAGES_MAX) {
      throw PollError.lasting(
        `it has more than ${PAGES_MAX} pages`,
        'ask for less at a time: a shorter `range: { step }`',
      );
    }
    this.#asked.add(next.href);
    return next;
  }

  #after(page: ReadPage): URL | null {
    const pages = this.#pages;
    if (pages === 'none') return null;
    if (pages === undefined) return this.#byHeader(page) ?? this.#byItself(page);
    if (pages === 'link') return this.#byHeader(page);
    if ('next' in pages) {
      const link = isJsonObject(page.rest) ? valueAtPath(page.rest, pages.next) : undefined;
      return typeof link === 'string' && link !== '' ? this.#within(link, page.url) : null;
    }
    const total =
      pages.total !== undefined && isJsonObject(page.rest) ? valueAtPath(page.rest, pages.total) : undefined;
    const isLast = page.rows === 0 || this.#offset >= (countIn(total) ?? Number.POSITIVE_INFINITY);
    return isLast ? null : withRange(this.#url, pages, this.#offset);
  }

  #byHeader({ link, url }: ReadPage): URL | null {
    const next = link === null ? undefined : nextLink(link);
    return next === undefined ? null : this.#within(next, url);
  }

  #byItself({ rest, rows }: ReadPage): URL | null {
    const { total, limit } = isJsonObject(rest) ? rest : {};
    const isPart = rows > 0 && countIn(limit) === rows && (countIn(total) ?? 0) > this.#offset;
    return isPart ? withRange(this.#url, { offset: 'offset', limit: 'limit', size: rows }, this.#offset) : null;
  }

  /** A link that leads to where we were let in. One to http is meant for https where a proxy has taken that off. */
  #within(link: string, base: URL): URL {
    const to = URL.canParse(link, base.href) ? new URL(link, base) : undefined;
    if (to?.protocol === 'http:' && this.first.protocol === 'https:' && to.host === this.first.host)
      to.protocol = 'https:';
    if (to?.origin === this.first.origin) return to;
    const where = to === undefined ? 'is no link' : `leads to ${to.origin}`;
    throw PollError.lasting(
      `what it names as its next page ${where}`,
      'check `pages`; links are followed within the origin alone',
    );
  }
}

/** A number of rows, which some services write as a text. */
function countIn(value: JsonText | undefined): number | undefined {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(count) ? (count as number) : undefined;
}

/** A parameter of a link, whose value may be quoted. */
const PARAMETER = /;\s*([\w*-]+)\s*(?:=\s*(?:"([^"]*)"|([^",;\s]*)))?/g;

/** The link of a header `Link` (RFC 8288) whose relation is `next`. */
export function nextLink(header: string): string | undefined {
  for (const [, target, parameters] of header.matchAll(
    /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*(?:=\s*(?:"[^"]*"|[^",;\s]*))?)*)/g,
  )) {
    for (const [, name, quoted, bare = ''] of parameters!.matchAll(PARAMETER)) {
      const relations = (quoted ?? bare).toLowerCase().split(/\s+/);
      if (name!.toLowerCase() === 'rel' && relations.includes('next')) return target;
    }
  }
  return undefined;
}

function withRange(
  url: URL,
  names: { readonly offset: string; readonly limit: string; readonly size: number },
  offset: number,
): URL {
  const ranged = new URL(url);
  for (const [name, value] of [
    [names.offset, offset],
    [names.limit, names.size],
  ] as const) {
    // What stands there already is left as it was written: to set a parameter writes all of them anew.
    if (ranged.searchParams.has(name)) ranged.searchParams.set(name, String(value));
    else ranged.search += `${ranged.search === '' ? '?' : '&'}${encodeURIComponent(name)}=${value}`;
  }
  return ranged;
}
