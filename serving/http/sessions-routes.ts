import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { answerSessions } from '../answers/answer-sessions.ts';
import { type WindowsAnswer, withSource } from '../answers/answer-windows.ts';
import {
  JSON_WINDOWS_MAX,
  parseFilter,
  parseRange,
  parseSpan,
  parseStats,
  parseZone,
  type SessionsQuery,
} from '../answers/query.ts';
import type { ViewSource } from '../index/view-source.ts';
import { CONTENT_TYPES, csvTexts, jsonTexts, ndjsonTexts } from './answer-texts.ts';
import { PROBLEMS, SessionsParams, TAG_PARAMETERS, ViewPath, WindowsAnswerSchema } from './schemas.ts';
import { streamResponse } from './text-stream.ts';
import type { ViewReader } from './view-reader.ts';
import { answerStream, tagQueries, TZDATA } from './windows-routes.ts';

const KNOWN = Object.keys(SessionsParams.shape);

/** Sessions of one answer as CSV or NDJSON: they are found before the first is written, at some 250 bytes each. */
const SESSIONS_MAX = 1_000_000;

const route = createRoute({
  method: 'get',
  path: '/api/v1/views/{view}/sessions',
  summary: 'Sessions: readings no further apart than a gap, whole also beyond the range',
  parameters: TAG_PARAMETERS,
  request: { params: ViewPath, query: SessionsParams },
  responses: {
    200: {
      description:
        'Every session that overlaps [from, to); start and end are the times of its first and its last reading, both included',
      content: {
        'application/json': { schema: WindowsAnswerSchema },
        'text/csv': { schema: z.string() },
        'application/x-ndjson': { schema: z.string() },
      },
    },
    ...PROBLEMS,
  },
});

export function addSessionsRoute(app: OpenAPIHono, reader: ViewReader): void {
  app.openapi(route, async (c) => {
    const { view: name } = c.req.valid('param');
    const params = c.req.valid('query');
    const tags = tagQueries(c.req.queries(), KNOWN);
    const sourceOf = (): ViewSource => reader.source(name, undefined);
    const sessionsMax = params.format === 'json' ? JSON_WINDOWS_MAX : SESSIONS_MAX;
    const { query, answer } = await withSource(reader.index, name, sourceOf, async (source) => {
      const asked = readQuery(reader, source, params, tags);
      return { query: asked, answer: await answerSessions(reader.index, source, asked, sessionsMax) };
    });
    if (params.format === 'json') return streamResponse(jsonTexts(answer, query, TZDATA), CONTENT_TYPES.json);
    const answers = once(answer);
    return answerStream(
      params.format,
      params.format === 'csv' ? csvTexts(answers, query) : ndjsonTexts(answers, query),
    );
  });
}

function readQuery(
  reader: ViewReader,
  source: ViewSource,
  params: z.infer<typeof SessionsParams>,
  tags: readonly (readonly [string, readonly string[]])[],
): SessionsQuery {
  const { view, metric } = reader.about(source);
  const where = parseFilter(tags, view, KNOWN);
  return {
    view,
    metric,
    where,
    ...parseRange(params.from, params.to, parseZone(undefined)),
    gap: parseSpan('gap', params.gap),
    stats: parseStats(params.stats, metric),
  };
}

async function* once(answer: WindowsAnswer): AsyncGenerator<WindowsAnswer> {
  yield answer;
}
