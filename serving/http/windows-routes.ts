import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { tzdataVersion } from '#core/time/zone.ts';
import { answerWindows, streamWindows, withSource } from '../answers/answer-windows.ts';
import {
  parseFilter,
  parseRange,
  parseStats,
  parseWindowSpec,
  parseZone,
  QueryError,
  type WindowsQuery,
} from '../answers/query.ts';
import type { ViewSource } from '../index/view-source.ts';
import { type AnswerFormat, CONTENT_TYPES, csvTexts, jsonTexts, ndjsonTexts } from './answer-texts.ts';
import { PROBLEMS, TAG_PARAMETERS, ViewPath, WindowsAnswerSchema, WindowsParams } from './schemas.ts';
import { streamResponse } from './text-stream.ts';
import type { ViewReader } from './view-reader.ts';

const KNOWN = Object.keys(WindowsParams.shape);

export const TZDATA = tzdataVersion(process.versions);

const route = createRoute({
  method: 'get',
  path: '/api/v1/views/{view}/windows',
  summary: 'Windows of a view, tumbling, hopping or by calendar',
  parameters: TAG_PARAMETERS,
  request: { params: ViewPath, query: WindowsParams },
  responses: {
    200: {
      description: 'Every window that overlaps [from, to), whole, in the order of start and tags',
      content: {
        'application/json': { schema: WindowsAnswerSchema },
        'text/csv': { schema: z.string() },
        'application/x-ndjson': { schema: z.string() },
      },
    },
    ...PROBLEMS,
  },
});

type Params = z.infer<typeof WindowsParams>;

export function addWindowsRoute(app: OpenAPIHono, reader: ViewReader): void {
  app.openapi(route, async (c) => {
    const { view: name } = c.req.valid('param');
    const params = c.req.valid('query');
    const tags = tagQueries(c.req.queries(), KNOWN);
    const sourceOf = (): ViewSource => reader.source(name, params.asOf);
    const queryOf = (source: ViewSource): WindowsQuery => readQuery(reader, source, params, tags);
    if (params.format === 'json') {
      const { query, answer } = await withSource(reader.index, name, sourceOf, async (source) => {
        const asked = queryOf(source);
        return { query: asked, answer: await answerWindows(reader.index, source, asked) };
      });
      return streamResponse(jsonTexts(answer, query, TZDATA), CONTENT_TYPES.json);
    }
    const query = queryOf(sourceOf());
    const answers = streamWindows(reader.index, sourceOf, query);
    return answerStream(
      params.format,
      params.format === 'csv' ? csvTexts(answers, query) : ndjsonTexts(answers, query),
    );
  });
}

export function answerStream(format: AnswerFormat, texts: AsyncGenerator<string>): Promise<Response> {
  return streamResponse(texts, CONTENT_TYPES[format], { 'weir-tzdata': TZDATA });
}

/** The parameters beside the known ones, which have to be tags. Known ones are given once. */
export function tagQueries(
  given: Readonly<Record<string, string[]>>,
  known: readonly string[],
): readonly (readonly [string, readonly string[]])[] {
  const tags: (readonly [string, readonly string[]])[] = [];
  for (const [name, values] of Object.entries(given)) {
    if (!known.includes(name)) tags.push([name, values]);
    else if (values.length > 1)
      throw new QueryError('parameter', name, `is given ${values.length} times`, 'give it once');
  }
  return tags;
}

function readQuery(
  reader: ViewReader,
  source: ViewSource,
  params: Params,
  tags: readonly (readonly [string, readonly string[]])[],
): WindowsQuery {
  const { view, metric } = reader.about(source);
  const zone = parseZone(params.zone);
  const where = parseFilter(tags, view, KNOWN);
  return {
    view,
    metric,
    where,
    ...parseRange(params.from, params.to, zone),
    spec: parseWindowSpec(params, zone),
    stats: parseStats(params.stats, metric),
  };
}
