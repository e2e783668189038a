import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { checkDoor, describeDoor, DOOR_FIELDS, formatAddress } from '../doors/door-section.ts';
import { type HttpAnswer, methodNotAllowed, notFound, type Problem, tooLarge } from '../doors/problem.ts';
import { type RequestSection, RequestSource } from '../doors/request-source.ts';
import { checkDistinct, checkMetrics, seriesMade } from '../rows/row-references.ts';
import { ROWS_FIELDS, type RowsSection } from '../rows/rows-section.ts';
import { sentLatenessField } from '../section-fields.ts';
import type { SourceKindDefinition, SourceOptions } from '../source-kind.ts';
import { LineReader, REQUEST_READINGS_MAX } from './line-reader.ts';
import { checkValues } from './line-rules.ts';
import { PassedLines } from './passed-lines.ts';
import { databaseAnswer, healthAnswer, PONG, problemAnswer, writtenAnswer } from './write-answer.ts';
import { credentialsOf, precisionOf, type WriteApi, type WriteRequest } from './write-request.ts';

/** What a section of `kind: line-protocol` says. */
export type LineProtocolSection = RequestSection & Pick<RowsSection, 'missing' | 'series'>;

export interface LineProtocolOptions extends Pick<
  SourceOptions,
  'metrics' | 'registry' | 'folder' | 'nowMs' | 'logger'
> {
  readonly name: string;
  readonly section: LineProtocolSection;
}

const WRITE_PATHS: ReadonlyMap<string, WriteApi> = new Map([
  ['/api/v2/write', 'v2'],
  ['/write', 'v1'],
]);

/** Clients of the first version make their database first; here there is none to make. */
const CREATE_DATABASE = /^\s*create\s+database\b/i;

/**
 * Takes points as InfluxDB does, from whatever writes to it: `POST /api/v2/write` and `POST /write`; `/ping`, `/health`
 * and the creation of a database are answered too (docs/design.md#line-protocol). 204 comes after the journal has synced;
 * 400 tells of lines that were refused, beside which the others are stored.
 */
export function openLineProtocolSource(options: LineProtocolOptions): RequestSource {
  const writes = new Writes(options);
  return new RequestSource({
    ...options,
    answer: (request, source) => writes.answer(request, source),
    remarks: () => writes.remarks(),
  });
}

class Writes {
  readonly #reader: LineReader;
  readonly #passed: PassedLines;
  readonly #nowMs: () => number;

  constructor(options: LineProtocolOptions) {
    this.#reader = new LineReader(options);
    this.#passed = new PassedLines(options);
    this.#nowMs = options.nowMs;
  }

  remarks(): readonly string[] {
    return this.#passed.remarks(this.#reader.neverFound());
  }

  async answer(message: IncomingMessage, source: RequestSource): Promise<HttpAnswer> {
    const [path = '', query] = (message.url ?? '').split('?', 2);
    const api = WRITE_PATHS.get(path) ?? (path === '/query' ? 'v1' : 'v2');
    const request = { message, api, query: new URLSearchParams(query) };
    const misdirected = source.door.misdirected(message);
    if (misdirected !== null) return problemAnswer(api, misdirected);
    if (WRITE_PATHS.has(path)) return toldAs(api, await this.#write(request, source));
    switch (path) {
      case '/query':
        return toldAs(api, await createDatabase(request, source));
      case '/ping':
        return toldAs(api, readOnly(message) ?? PONG);
      case '/health':
        return toldAs(api, readOnly(message) ?? healthAnswer(source.refusal()));
      default:
        return problemAnswer(api, notFound('points are taken at /api/v2/write and /write'));
    }
  }

  async #write(request: WriteRequest, source: RequestSource): Promise<HttpAnswer | Problem> {
    const precision = precisionOf(request);
    if (typeof precision !== 'string') return precision;
    const refused = (await refusal(request, source)) ?? source.refusal();
    if (refused !== null) return refused;
    const body = await source.door.receive(request.message);
    if ('status' in body) return body;
    const read = this.#reader.read(body, precision, this.#nowMs());
    if (read === undefined) {
      return tooLarge(`the lines hold more than ${REQUEST_READINGS_MAX} readings; send them in several requests`);
    }
    this.#passed.add(read);
    return (await source.store(read.batches)) ?? writtenAnswer(request.api, read);
  }
}

async function createDatabase(request: WriteRequest, source: RequestSource): Promise<HttpAnswer | Problem> {
  const refused = await refusal(request, source);
  if (refused !== null) return refused;
  const body = await source.door.receive(request.message);
  if ('status' in body) return body;
  const form = new URLSearchParams(Buffer.concat(body).toString());
  return databaseAnswer(CREATE_DATABASE.test(request.query.get('q') ?? form.get('q') ?? ''));
}

/** What is wrong with a request before its body is read, or null. The cheapest checks come first. */
async function refusal({ message, api, query }: WriteRequest, { door }: RequestSource): Promise<Problem | null> {
  const { method, headers } = message;
  if (method !== 'POST') return methodNotAllowed('POST', `${method} is not POST, the one method of this path`);
  return door.untakable(message) ?? door.stranger(message, credentialsOf(api, headers, query));
}

function readOnly({ method }: IncomingMessage): Problem | null {
  if (method === 'GET' || method === 'HEAD') return null;
  return methodNotAllowed('GET, HEAD', `${method} is neither GET nor HEAD, the methods of this path`);
}

function toldAs(api: WriteApi, answer: HttpAnswer | Problem): HttpAnswer {
  return 'detail' in answer ? problemAnswer(api, answer) : answer;
}

const schema = z
  .strictObject({
    kind: z.literal('line-protocol').meta({
      description: 'Points that are written to the agent as to InfluxDB, by Telegraf and others.',
      examples: ['line-protocol'],
    }),
    ...DOOR_FIELDS,
    missing: ROWS_FIELDS.missing,
    series: ROWS_FIELDS.series.meta({
      description: 'Which readings a point holds: a rule for each.',
      examples: [[{ metric: 'power', value: 'meter.kw', device: '{host}' }]],
    }),
    // Collectors hold points back to send many at once: Telegraf for 10 s, and as long again where that failed.
    lateness: sentLatenessField('20s'),
  })
  .superRefine(checkDoor);

/** Points that are written to the agent as they would be to InfluxDB. */
export const LINE_PROTOCOL: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: (section) =>
    `takes points as InfluxDB does at ${section.tls === undefined ? 'http' : 'https'}://${formatAddress(section.listen)}${describeDoor(section)}`,
  faults: (section, metricNames) => [
    ...checkMetrics(section, metricNames),
    ...checkValues(section.series),
    ...checkDistinct(section),
  ],
  makes: seriesMade,
  open: (name, section, options) => openLineProtocolSource({ ...options, name, section }),
};
