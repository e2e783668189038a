import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { parseInstant } from '#core/time/instant.ts';
import { checkDoor, describeDoor, DOOR_FIELDS, formatAddress } from '../doors/door-section.ts';
import { basicCredentials } from '../doors/logins.ts';
import {
  type HttpAnswer,
  malformed,
  methodNotAllowed,
  notFound,
  type Problem,
  problemAnswer,
} from '../doors/problem.ts';
import { type RequestSection, RequestSource } from '../doors/request-source.ts';
import { expectedSinceField, sentLatenessField } from '../section-fields.ts';
import type { SourceKindDefinition, SourceOptions } from '../source-kind.ts';
import type { EntryRegistry } from '../source.ts';
import { readReadingsBody } from './readings-body.ts';
import { readSentReadings } from './sent-readings.ts';

/** What is listened for, beside what every source is given. */
export interface HttpSourceOptions extends Pick<SourceOptions, 'metrics' | 'registry' | 'folder' | 'nowMs' | 'logger'> {
  readonly name: string;
  readonly section: HttpSection;
}

/** What a section of `kind: http` says. */
export interface HttpSection extends RequestSection {
  readonly since?: string | undefined;
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
  const registry = registrySince(options.section.since, options.registry);
  const answer = async (request: IncomingMessage, source: RequestSource): Promise<HttpAnswer> => {
    const taken = (await refusal(request, source)) ?? (await take(request, source, { ...options, registry }));
    if ('status' in taken) return problemAnswer(taken);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(taken) };
  };
  return new RequestSource({ ...options, answer });
}

/** Describes series with the time from which on they are expected. */
function registrySince(since: string | undefined, registry: EntryRegistry): EntryRegistry {
  if (since === undefined) return registry;
  const sinceMs = parseInstant(since);
  return { intern: (description) => registry.intern({ ...description, sinceMs }) };
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

const schema = z
  .strictObject({
    kind: z.literal('http').meta({
      description:
        'Readings that are sent to the agent: POST /readings with a list of { time, metric, device, value, tags }.',
      examples: ['http'],
    }),
    ...DOOR_FIELDS,
    since: expectedSinceField.optional(),
    // Devices that send for themselves send beside each other: one pane's length is left for the slower ones.
    lateness: sentLatenessField('10s'),
  })
  .superRefine(checkDoor);

/** Readings that are sent to the agent by HTTP. */
export const HTTP: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: (section) =>
    `takes POST ${section.tls === undefined ? 'http' : 'https'}://${formatAddress(section.listen)}/readings${describeDoor(section)}`,
  faults: () => [],
  makes: () => undefined,
  open: (name, section, options) => openHttpSource({ ...options, name, section }),
};
