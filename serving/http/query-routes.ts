import { randomBytes } from 'node:crypto';
import { createRoute, type OpenAPIHono, type z } from '@hono/zod-openapi';
import { isRelative } from '#core/time/instant.ts';
import type { Zone } from '#core/time/zone.ts';
import { answerSessions } from '../answers/answer-sessions.ts';
import { answerWindows, laneOf, streamWindows, withSource } from '../answers/answer-windows.ts';
import {
  JSON_WINDOWS_MAX,
  parseFilter,
  parseRange,
  parseSpan,
  parseStats,
  parseWindowSpec,
  parseZone,
  QueryError,
  type SessionsQuery,
  type WindowsQuery,
} from '../answers/query.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import { fileNameOf, type Format, formatOf } from './answer-format.ts';
import { jsonResponse, type Manner, rowsResponse } from './answer-response.ts';
import { EntityTags, type Match, meetsAny } from './entity-tags.ts';
import { answerDocs, SessionsParams, OTHER_PARAMETERS, ViewPath, WindowsParams } from './schemas.ts';
import type { ReaderOf, ViewReader } from './view-reader.ts';

/** Sessions of one answer as CSV or NDJSON: they are found before the first is written, at some 250 bytes each. */
const ROW_SESSIONS_MAX = 1_000_000;

/** Sessions that one answer of a format may hold. */
export function sessionsMaxOf(format: Format): number {
  return format === 'json' ? JSON_WINDOWS_MAX : ROW_SESSIONS_MAX;
}

const windowsRoute = queryRoute(
  '/api/v1/views/{view}/windows',
  'Windows of a view, tumbling, hopping or by calendar',
  'Every window that overlaps [from, to), whole, in the order of start and tags',
  WindowsParams,
);

const sessionsRoute = queryRoute(
  '/api/v1/views/{view}/sessions',
  'Sessions: readings no further apart than a gap, whole also beyond the range',
  'Every session that overlaps [from, to); start and end are the times of its first and its last reading, both included',
  SessionsParams,
);

function queryRoute<P extends string, Q extends z.ZodObject>(path: P, summary: string, answer: string, query: Q) {
  const request = { params: ViewPath, query };
  return createRoute({
    method: 'get',
    path,
    summary,
    parameters: OTHER_PARAMETERS,
    request,
    responses: answerDocs(answer),
  });
}

/** The two queries of a view: for windows, and for sessions. */
export function addQueryRoutes(app: OpenAPIHono, index: ServingIndex, readerOf: ReaderOf): void {
  const entityTags = new EntityTags(randomBytes(16).toString('base64url'), index);
  app.openapi(windowsRoute, async (c) => {
    const reader = readerOf(c);
    const { view: name } = c.req.valid('param');
    const params = c.req.valid('query');
    const tags = tagQueries(c.req.queries(), WINDOWS_PARAMS);
    const sourceOf = (): ViewSource => reader.source(name, params.asOf);
    const askedOf = (source: ViewSource) => ({ source, format, query: readWindowsQuery(reader, source, params, tags) });
    const format = formatOf(params.format, c.req.header('accept'));
    const asked = askedOf(sourceOf());
    const condition = c.req.header('if-none-match');
    const known = entityTags.match(asked, condition);
    if (known !== undefined) return notModified(cachingOf(known, params), format);
    if (format !== 'json') {
      const { query } = asked;
      const manner = mannerOf(query, format, cachingOf(entityTags.ofRows(asked), params));
      return rowsResponse(format, streamWindows(index, sourceOf, query), query, manner);
    }
    const answering = async (source: ViewSource) => {
      const one = askedOf(source);
      return { answered: one, answer: await answerWindows(index, source, one.query) };
    };
    const lane = laneOf(asked.source, asked.query);
    const { answered, answer } = await withSource(index, name, sourceOf, answering, lane);
    const caching = cachingOf(entityTags.ofAnswer(answered, answer), params);
    if (meetsAny(condition)) return notModified(caching, format);
    return jsonResponse(answer, answered.query, mannerOf(answered.query, format, caching));
  });
  app.openapi(sessionsRoute, async (c) => {
    const reader = readerOf(c);
    const { view: name } = c.req.valid('param');
    const params = c.req.valid('query');
    const tags = tagQueries(c.req.queries(), SESSIONS_PARAMS);
    const format = formatOf(params.format, c.req.header('accept'));
    const sourceOf = (): ViewSource => reader.source(name, undefined);
    const askedOf = (source: ViewSource) => ({
      source,
      format,
      query: readSessionsQuery(reader, source, params, tags),
    });
    const condition = c.req.header('if-none-match');
    const asked = askedOf(sourceOf());
    const known = entityTags.match(asked, condition);
    if (known !== undefined) return notModified(cachingOf(known, params), format);
    const answering = async (source: ViewSource) => {
      const one = askedOf(source);
      return { answered: one, answer: await answerSessions(index, source, one.query, sessionsMaxOf(format)) };
    };
    const lane = laneOf(asked.source, asked.query);
    const { answered, answer } = await withSource(index, name, sourceOf, answering, lane);
    const { query } = answered;
    const caching = cachingOf(entityTags.ofAnswer(answered, answer), params);
    if (meetsAny(condition)) return notModified(caching, format);
    const manner = mannerOf(query, format, caching);
    return format === 'json' ? jsonResponse(answer, query, manner) : rowsResponse(format, [answer], query, manner);
  });
}

/**
 * For how long an answer of which all is final may be told without asking whether it still is: a correction is rare then,
 * and nobody should wait long to see it.
 */
const FINAL_MAX_AGE_S = 60;

/** How caches may keep an answer: each asks whether it still holds, but for what is final and asked for by fixed times. */
function cachingOf(
  { tag, isFinal }: Match,
  { from, to }: { readonly from: string; readonly to: string },
): Readonly<Record<string, string>> {
  const isKept = isFinal && !isRelative(from) && !isRelative(to);
  return { etag: tag, 'cache-control': isKept ? `max-age=${FINAL_MAX_AGE_S}` : 'no-cache' };
}

/** What the reader has is still so (RFC 9110, 15.4.5). */
function notModified(caching: Readonly<Record<string, string>>, format: Format): Response {
  return new Response(null, { status: 304, headers: { ...caching, vary: variesBy(format) } });
}

/** Rows are not compressed. */
function variesBy(format: Format): string {
  return format === 'json' ? 'Accept, Accept-Encoding' : 'Accept';
}

/** What is sent with an answer: rows are a file. */
function mannerOf(
  query: WindowsQuery | SessionsQuery,
  format: Format,
  caching: Readonly<Record<string, string>>,
): Manner {
  const zone = 'spec' in query ? query.spec.zone : undefined;
  const headers: Record<string, string> = { ...caching, vary: variesBy(format) };
  if (format !== 'json')
    headers['content-disposition'] = `attachment; filename="${fileNameOf(query, zone ?? UTC, format)}"`;
  return { ...(zone === undefined ? {} : { zone: zone.name }), headers };
}

const UTC = parseZone(undefined);

const WINDOWS_PARAMS = Object.keys(WindowsParams.shape);
const SESSIONS_PARAMS = Object.keys(SessionsParams.shape);

/** Parameters that have to be tags, with the values given of each. */
type TagQueries = readonly (readonly [string, readonly string[]])[];

/** The parameters beside the known ones. Known ones are given once. */
function tagQueries(given: Readonly<Record<string, string[]>>, known: readonly string[]): TagQueries {
  const tags: (readonly [string, readonly string[]])[] = [];
  for (const [name, values] of Object.entries(given)) {
    if (!known.includes(name)) tags.push([name, values]);
    else if (values.length > 1)
      throw new QueryError('parameter', name, `is given ${values.length} times`, 'give it once');
  }
  return tags;
}

function readWindowsQuery(
  reader: ViewReader,
  source: ViewSource,
  params: z.infer<typeof WindowsParams>,
  tags: TagQueries,
): WindowsQuery {
  const zone = parseZone(params.zone);
  const query = readViewQuery(reader, source, params, zone, tags, WINDOWS_PARAMS);
  return { ...query, spec: parseWindowSpec(params, zone) };
}

function readSessionsQuery(
  reader: ViewReader,
  source: ViewSource,
  params: z.infer<typeof SessionsParams>,
  tags: TagQueries,
): SessionsQuery {
  const query = readViewQuery(reader, source, params, UTC, tags, SESSIONS_PARAMS);
  return { ...query, gap: parseSpan('gap', params.gap) };
}

/** What both ask: of which groups, in which range, for which statistics. */
function readViewQuery(
  reader: ViewReader,
  source: ViewSource,
  { from, to, stats }: { readonly from: string; readonly to: string; readonly stats?: string | undefined },
  zone: Zone,
  tags: TagQueries,
  known: readonly string[],
): Omit<WindowsQuery, 'spec'> {
  const { view, metric } = reader.about(source);
  const where = reader.confined(view, parseFilter(tags, view, known));
  return { view, metric, where, ...parseRange(from, to, zone, reader.nowMs()), stats: parseStats(stats, metric) };
}
