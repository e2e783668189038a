import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { STATISTICS } from '#core/stats/statistics.ts';
import { PROBLEM_TYPE } from './problem.ts';

/** A parameter that has to be there; where it isn't, the message ends with what to write. */
function needed(remedy: string): z.ZodString {
  return z.string({
    error: ({ input }) => (input === undefined ? `is missing; ${remedy}` : 'is given more than once; give it once'),
  });
}

const SPAN = '[1-9][0-9]*(?:ms|s|m|h|d|w|mo|y)';
const DAY = '[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])';
const OFFSET = '(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])';
const TIME = `(?:now|(?:now)?-${SPAN}|${DAY}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?${OFFSET}?)?)`;

const STATISTIC = `(?:${[...STATISTICS.keys()].join('|')}|p[1-9][0-9]?(?:[.][0-9])?)`;

/** How the texts of a query are written, as JSON Schema has it; what reads them takes a little more. */
const PATTERNS = {
  span: `^${SPAN}$`,
  time: `^${TIME}$`,
  timeOrCut: `^(?:[0-9]+(?:,[0-9]+)*|${TIME})$`,
  zone: '^[A-Za-z][A-Za-z0-9_+/-]*$',
  stats: `^${STATISTIC}(?:,${STATISTIC})*$`,
} as const;

export const ViewPath = z.object({
  view: z.string().openapi({ description: 'Name of the view', example: 'usage-by-region' }),
});

/** What both queries of a view take: the range first, and how the answer is told last. */
const RANGE = {
  from: needed('write from= with an instant such as 2026-01-01T00:00:00Z, or -7d').openapi({
    description:
      'Start of the range, ISO 8601; without an offset it is a time of the zone. Or `now`, or a span before it, such as -7d, by the calendar of the zone',
    example: '2026-01-01T00:00:00Z',
    pattern: PATTERNS.time,
  }),
  to: needed('write to= with an instant such as 2026-01-02T00:00:00Z, or now').openapi({
    description: 'End of the range, exclusive, not before `from`; written likewise',
    pattern: PATTERNS.time,
    example: '2026-01-02T00:00:00Z',
  }),
};
const TELLING = {
  stats: z.string().optional().openapi({
    description:
      'Statistics, with commas between; count,sum,mean,min,max where not given. Of those that the view answers (/api/v1/views)',
    example: 'count,mean,max',
    pattern: PATTERNS.stats,
  }),
  format: z.enum(['json', 'csv', 'ndjson']).optional().openapi({
    description:
      'Where not given, what `Accept` prefers, else json. json has a limit of 100,000 windows, csv and ndjson have none',
  }),
};
const AS_OF = z.string().optional().openapi({
  description:
    'Answers from the batch result alone that was live at an instant, or from the one of a cut (positions with commas between)',
  pattern: PATTERNS.timeOrCut,
});

export const WindowsParams = z.object({
  ...RANGE,
  window: needed('write window= with a duration such as 10s, 5m, 1h, 1d, 1w, 1mo or 1y').openapi({
    description: 'Size of a window, whose edges have to be edges of the slices of the view',
    example: '1h',
    pattern: PATTERNS.span,
  }),
  every: z.string().optional().openapi({
    description: 'Distance of the starts of hopping windows, at most their size',
    example: '10m',
    pattern: PATTERNS.span,
  }),
  offset: z.string().optional().openapi({
    description:
      'How much later than the clock or the calendar has it windows begin, shorter than a step of them: 6h for days from 06:00, 14d for months from the 15th',
    example: '5m',
    pattern: PATTERNS.span,
  }),
  zone: z.string().optional().openapi({
    description:
      'IANA zone whose clock and calendar windows follow, and of times without an offset; UTC where not given',
    example: 'Europe/Paris',
    pattern: PATTERNS.zone,
  }),
  ...TELLING,
  asOf: AS_OF,
});

export const SessionsParams = z.object({
  ...RANGE,
  gap: needed('write gap= with a duration such as 30m').openapi({
    description: 'Readings no further apart than this are one session; at least the slice of the view',
    example: '30m',
    pattern: PATTERNS.span,
  }),
  ...TELLING,
});

/** What a query takes beside its own parameters: every tag of the view is one, and what a cache holds a header. */
export const OTHER_PARAMETERS = [
  {
    name: 'If-None-Match',
    in: 'header' as const,
    required: false,
    description: 'The `ETag` of an answer that one has: 304 where it is still so',
    schema: { type: 'string' as const },
  },
  {
    name: 'tags',
    in: 'query' as const,
    required: false,
    description:
      'Any `by` tag of the view as a parameter, such as region=IDF; several values of one tag by repeating it',
    style: 'form' as const,
    explode: true,
    schema: { type: 'object' as const, additionalProperties: { type: 'string' as const } },
  },
];

const Instant = z.string().openapi({ description: 'RFC 3339 in UTC', format: 'date-time' });
const ExactNumber = z.number().openapi({ description: 'With all its digits, which may be more than a double holds' });
const TimedValue = z.object({ time: Instant, value: ExactNumber });

const WindowSchema = z
  .object({
    start: Instant,
    end: Instant,
    tags: z.record(z.string(), z.string()),
    stats: z.record(z.string(), z.union([ExactNumber, TimedValue, z.null()])),
    completeness: z
      .number()
      .openapi({ description: 'For how long the series kept their promises, of the time they promised; from 0 to 1' }),
    final: z.boolean().openapi({ description: 'Nothing more is expected' }),
    expectedFrom: Instant.optional().openapi({
      description: 'The first reading of the group, where it lies after the start: before it nothing was expected',
    }),
    revision: z.number().openapi({ description: 'How many log records contributed' }),
    pending: z
      .array(z.string())
      .optional()
      .openapi({ description: 'Statistics that wait for a refold after a correction' }),
    unchecked: z.number().optional().openapi({ description: 'Readings that could not be checked for repeats' }),
  })
  .openapi('Window');

/** A window by its name: of a stream whose windows came to hold nothing. */
export const WindowNameSchema = z
  .object({ start: Instant, tags: z.record(z.string(), z.string()) })
  .openapi('WindowName');

export const WindowsAnswerSchema = z
  .object({
    view: z.string(),
    version: z.number(),
    position: z.string().openapi({ description: 'Opaque token of the state that was read' }),
    freshness: Instant.nullable().openapi({ description: 'The lowest watermark of the agents in the answer' }),
    provisional: z
      .boolean()
      .optional()
      .openapi({ description: 'True while the view is folded for the first time: nothing is complete or final yet' }),
    tzdata: z.string().openapi({ description: 'Version of the time zone data', example: '2026a' }),
    zone: z.string().optional().openapi({
      description: 'Of windows: whose clock and calendar they follow. Times are told in UTC whatever it is',
      example: 'Europe/Paris',
    }),
    units: z.record(z.string(), z.string().nullable()).openapi({
      description: 'The unit of each statistic, by its name; null of a number of readings',
      example: { count: null, mean: 'kW', integral: 'kW·s', amount: 'kWh' },
    }),
    without: z
      .array(z.string())
      .optional()
      .openapi({ description: 'Agents that are not waited for, or that lost something for good' }),
    asOf: z.object({ cut: z.array(z.number()), published: Instant }).optional(),
    windows: z.array(WindowSchema),
  })
  .openapi('WindowsAnswer');

export const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    subject: z.string().optional(),
    value: z.string().optional(),
    remedy: z.string().optional(),
  })
  .openapi('Problem');

/** Headers of responses, as OpenAPI describes them. */
function header(description: string, required = true) {
  return { description, required, schema: { type: 'string' as const } };
}

const TAGGED = {
  ETag: header('What the answer rests on, weakly (RFC 9110, 8.8.3)'),
  'Cache-Control': header('`no-cache`: ask each time; `max-age` where all that is told is final'),
};
export const HEADERS = {
  tagged: TAGGED,
  answer: {
    ...TAGGED,
    Vary: header('What else the answer goes by'),
    'Content-Disposition': header('A name for a file of rows', false),
    'Weir-Zone': header('Of rows: whose clock and calendar windows follow', false),
    'Weir-Tzdata': header('Of rows: the version of the time zone data', false),
  },
  retryAfter: { 'Retry-After': header('Seconds', false) },
  upgrade: { Upgrade: header('What to speak') },
};

export const UNCHANGED = { description: 'It is what the `If-None-Match` of the request names', headers: TAGGED };

export function problemResponseDoc(description: string) {
  return { description, content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } };
}

/** The same outside of a route, whose schemas are named by then. */
export function problemDoc(description: string, headers: Record<string, ReturnType<typeof header>> = {}) {
  const schema = { $ref: '#/components/schemas/Problem' };
  return { description, headers, content: { [PROBLEM_TYPE]: { schema } } };
}

export const PROBLEMS = {
  400: problemResponseDoc('The query can not be answered as asked'),
  404: problemResponseDoc('There is no such view'),
};

/** What else is said to who changes something. */
export const CHANGE_PROBLEMS = {
  400: problemResponseDoc('The request can not be done as asked'),
  404: problemResponseDoc('There is no such thing'),
  409: problemResponseDoc('The state does not allow it'),
};

export const BODY_PROBLEMS = { ...CHANGE_PROBLEMS, 415: problemResponseDoc('The body is no JSON') };

/** The responses of a query: its answer in one of the three formats, or why there is none. */
export function answerDocs(description: string) {
  const content = {
    'application/json': { schema: WindowsAnswerSchema },
    'text/csv': { schema: z.string() },
    'application/x-ndjson': { schema: z.string() },
  };
  const refused = {
    406: problemResponseDoc('The reader accepts none of the formats'),
    409: problemResponseDoc('The metric of the view is no longer declared'),
  };
  return { 200: { description, content, headers: HEADERS.answer }, 304: UNCHANGED, ...PROBLEMS, ...refused };
}

/** How many things one answer tells, from 1 to a limit. */
export function limitParam(max: number, usual: number) {
  const remedy = `write one from 1 to ${max}`;
  return z
    .string({ error: `is given more than once; ${remedy}` })
    .default(String(usual))
    .transform((text) => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN))
    .pipe(
      z
        .number({ error: `is no number; ${remedy}` })
        .int({ error: `is no whole number; ${remedy}` })
        .min(1, { error: `is too small; ${remedy}` })
        .max(max, { error: `is too large; ${remedy}` }),
    )
    .openapi({ type: 'integer', minimum: 1, maximum: max, default: usual });
}

/** A route that is asked for by its path alone. */
export function getRoute<P extends string, R extends RouteConfig['responses']>(path: P, summary: string, responses: R) {
  return createRoute({ method: 'get', path, summary, responses });
}

/** Any JSON object: what other parts say of themselves. */
export const AnyObject = z.record(z.string(), z.unknown());

export function jsonDoc<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } };
}
