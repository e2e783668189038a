import type { IncomingMessage } from 'node:http';
import { basicCredentials } from '../doors/http-credentials.ts';
import {
  type HttpAnswer,
  malformed,
  methodNotAllowed,
  notFound,
  type Problem,
  problemAnswer,
} from '../doors/problem.ts';
import { type RequestSection, RequestSource } from '../doors/request-source.ts';
import type { SourceOptions } from '../source-kind.ts';
import { readReadingsBody } from './readings-body.ts';
import { readSentReadings } from './sent-readings.ts';

/** What is listened for, beside what every source is given. */
export interface HttpSourceOptions extends Pick<SourceOptions, 'metrics' | 'registry' | 'folder' | 'nowMs' | 'logger'> {
  readonly name: string;
  readonly section: RequestSection;
}

/** What became of the readings of a request. */
interface Taken {
  readonly accepted: number;
  readonly missing: number;
  readonly quarantined: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * `POST /readings` with a JSON array of {time, metric, device, value, tags?} (docs/design.md#files). The answer 200
 * comes after the journal has synced, and says how many were accepted and which were quarantined; errors are RFC 9457
 * problems.
 */
export function openHttpSource(options: HttpSourceOptions): RequestSource {
  const answer = async (request: IncomingMessage, source: RequestSource): Promise<HttpAnswer> => {
    const taken = (await refusal(request, source)) ?? (await take(request, source, options));
    if ('status' in taken) return problemAnswer(taken);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(taken) };
  };
  return new RequestSource({ ...options, answer });
}

/** What is wrong with a request before its body is read, or null. The cheapest checks come first. */
async function refusal(request: IncomingMessage, source: RequestSource): Promise<Problem | null> {
  const { method, url, headers } = request;
  const misdirected = source.door.misdirected(request);
  if (misdirected !== null) return misdirected;
  if (url?.split('?', 1)[0] !== '/readings') return notFound('readings are taken at /readings');
  if (method !== 'POST') return methodNotAllowed('POST', `${method} is not POST, the one method of /readings`);
  const credentials = basicCredentials(headers.authorization);
  return source.door.untakable(request) ?? (await source.door.stranger(request, credentials)) ?? source.refusal();
}

async function take(
  request: IncomingMessage,
  source: RequestSource,
  { metrics, registry, nowMs }: HttpSourceOptions,
): Promise<Problem | Taken> {
  const pieces = await source.door.receive(request);
  if ('status' in pieces) return pieces;
  const body = Buffer.concat(pieces);
  if (body.length === 0) return malformed('the body is empty; send an array of {time, metric, device, value, tags?}');
  const sent = readReadingsBody(body);
  if ('status' in sent) return sent;
  const { batches, accepted, missing, quarantined } = readSentReadings(sent, metrics, registry, nowMs());
  return (await source.store(batches)) ?? { accepted, missing, quarantined };
}
