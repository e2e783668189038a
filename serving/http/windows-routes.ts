import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { tzdataVersion } from '#core/time/zone.ts';
import { answerWindows, streamWindows, withSource } from '../answers/answer-windows.ts';
import { QuestionError } from '../answers/question-error.ts';
import {
  parseFilter,
  parseRange,
  parseStats,
  parseWindowSpec,
  parseZone,
  type WindowsQuestion,
} from '../answers/question.ts';
import type { ViewSource } from '../index/view-source.ts';
import { type AnswerFormat, CONTENT_TYPES, csvTexts, jsonTexts, ndjsonTexts } from './answer-texts.ts';
import { PROBLEMS, TAG_PARAMETERS, ViewPath, WindowsAnswerSchema, WindowsQuery } from './schemas.ts';
import { streamResponse } from './text-stream.ts';
import type { ViewReader } from './view-reader.ts';

const KNOWN = Object.keys(WindowsQuery.shape);

export const TZDATA = tzdataVersion(process.versions);

const route = createRoute({
  method: 'get',
  path: '/api/v1/views/{view}/windows',
  summary: 'Windows of a view, tumbling, hopping or by calendar',
  parameters: TAG_PARAMETERS,
  request: { params: ViewPath, query: WindowsQuery },
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

type Query = z.infer<typeof WindowsQuery>;

export function addWindowsRoute(app: OpenAPIHono, reader: ViewReader): void {
  app.openapi(route, async (c) => {
    const { view: name } = c.req.valid('param');
    const query = c.req.valid('query');
    const tags = tagQueries(c.req.queries(), KNOWN);
    const sourceOf = (): ViewSource => reader.source(name, query.asOf);
    const questionOf = (source: ViewSource): WindowsQuestion => readQuestion(reader, source, query, tags);
    if (query.format === 'json') {
      const { question, answer } = await withSource(reader.index, name, sourceOf, async (source) => {
        const asked = questionOf(source);
        return { question: asked, answer: await answerWindows(reader.index, source, asked) };
      });
      return streamResponse(jsonTexts(answer, question, TZDATA), CONTENT_TYPES.json);
    }
    const question = questionOf(sourceOf());
    const answers = streamWindows(reader.index, sourceOf, question);
    return answerStream(
      query.format,
      query.format === 'csv' ? csvTexts(answers, question) : ndjsonTexts(answers, question),
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
      throw new QuestionError('parameter', name, `is given ${values.length} times`, 'give it once');
  }
  return tags;
}

function readQuestion(
  reader: ViewReader,
  source: ViewSource,
  query: Query,
  tags: readonly (readonly [string, readonly string[]])[],
): WindowsQuestion {
  const { view, metric } = reader.about(source);
  const zone = parseZone(query.zone);
  const where = parseFilter(tags, view, KNOWN);
  return {
    view,
    metric,
    where,
    ...parseRange(query.from, query.to, zone),
    spec: parseWindowSpec(query, zone),
    stats: parseStats(query.stats, metric),
  };
}
