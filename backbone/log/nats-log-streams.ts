import { randomUUID } from 'node:crypto';
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { API_CODE, apiCodeOf, isConflict, type NatsLink, openBucket } from '../nats/nats-connection.ts';
import { NewerFormat } from '../storage-errors.ts';
import { LogMisconfigured, LogPartitionsMismatch, LogPartitionsMissing } from './log-errors.ts';

/** The format of a log on JetStream: its streams, subjects and the record in the bucket `<name>-meta`. */
export const NATS_LOG_FORMAT = 1;

/** The key of the log's facts in the bucket `<name>-meta`. */
const FACTS_KEY = 'log';

/** What is fixed when a log is made. */
export interface NatsLogFacts {
  readonly partitions: number;
  readonly generation: string;
}

export function streamName(name: string, partition: number): string {
  return `${name}-log-${partition}`;
}

/** Records are published here. */
export function recordSubject(name: string, partition: number): string {
  return `${name}.log.${partition}`;
}

/** The server says here, without the record's bytes, that it has stored one: what wakes followers at the end. */
export function storedSubject(name: string, partition: number): string {
  return `${name}.stored.${partition}`;
}

/**
 * The facts of the log on this server, which is made with `asked` partitions when there is none. The streams are made
 * before the facts are written, by create-if-missing, so of several that make it at once all end with the same log, and
 * one that died half-way leaves only empty streams, which the next takes over.
 *
 * Throws LogPartitionsMissing, LogPartitionsMismatch, NewerFormat, LogMisconfigured.
 */
export async function prepareStreams(
  link: NatsLink,
  asked: number | undefined,
  replicas: number,
): Promise<NatsLogFacts> {
  const place = link.servers.join(', ');
  const bucket = await openBucket(link, `${link.name}-meta`, replicas);
  let stored = await bucket.get(FACTS_KEY);
  if (stored === null) {
    if (asked === undefined) throw new LogPartitionsMissing(place);
    for (let partition = 0; partition < asked; partition++) await addStream(link, partition, replicas);
    const facts = { format: NATS_LOG_FORMAT, partitions: asked, generation: randomUUID() };
    try {
      await bucket.create(FACTS_KEY, JSON.stringify(facts));
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    stored = await bucket.get(FACTS_KEY);
  }
  const facts = parseFacts(place, stored?.string() ?? '');
  if (asked !== undefined && asked !== facts.partitions)
    throw new LogPartitionsMismatch(place, asked, facts.partitions);
  for (let partition = 0; partition < facts.partitions; partition++) await checkStream(link, place, partition);
  return facts;
}

function parseFacts(place: string, text: string): NatsLogFacts {
  let facts: { format?: unknown; partitions?: unknown; generation?: unknown };
  try {
    facts = JSON.parse(text);
  } catch {
    throw new LogMisconfigured(
      place,
      `its facts can't be read (${text.slice(0, 80)})`,
      'Restore its bucket from a copy',
    );
  }
  const { format, partitions, generation } = facts;
  if (typeof format === 'number' && format > NATS_LOG_FORMAT)
    throw new NewerFormat('log', place, format, NATS_LOG_FORMAT);
  if (typeof partitions !== 'number' || typeof generation !== 'string') {
    throw new LogMisconfigured(
      place,
      `its facts are incomplete (${text.slice(0, 80)})`,
      'Restore its bucket from a copy',
    );
  }
  return { partitions, generation };
}

async function addStream(link: NatsLink, partition: number, replicas: number): Promise<void> {
  const name = streamName(link.name, partition);
  const config: Partial<StreamConfig> & { name: string } = {
    name,
    subjects: [recordSubject(link.name, partition)],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    num_replicas: replicas,
    allow_direct: true,
    // Positions are only given up from the front, by trimming.
    deny_delete: true,
    republish: {
      src: recordSubject(link.name, partition),
      dest: storedSubject(link.name, partition),
      headers_only: true,
    },
  };
  let info: StreamInfo;
  try {
    info = await link.manager.streams.info(name);
  } catch (error) {
    if (apiCodeOf(error) !== API_CODE.streamNotFound) throw error;
    info = await link.manager.streams.add(config);
  }
  if (info.state.last_seq > 0 && (await factsAreMissing(link))) {
    throw new LogMisconfigured(
      link.servers.join(', '),
      `the stream ${name} holds records, but the bucket ${link.name}-meta doesn't say of which log`,
      'Restore the bucket from a copy, or give the new log another name',
    );
  }
}

async function factsAreMissing(link: NatsLink): Promise<boolean> {
  return (await (await openBucket(link, `${link.name}-meta`, 1)).get(FACTS_KEY)) === null;
}

/** What reading and following rely on; the rest is a matter of the report. */
async function checkStream(link: NatsLink, place: string, partition: number): Promise<void> {
  const name = streamName(link.name, partition);
  let config: StreamConfig;
  try {
    config = (await link.manager.streams.info(name)).config;
  } catch (error) {
    if (apiCodeOf(error) !== API_CODE.streamNotFound) throw error;
    throw new LogMisconfigured(
      place,
      `its stream ${name} is missing`,
      'Restore it, or make a new log from the archive',
    );
  }
  if (!config.allow_direct || config.republish?.dest !== storedSubject(link.name, partition)) {
    throw new LogMisconfigured(
      place,
      `the stream ${name} was changed: it needs direct get, and republishing to ${storedSubject(link.name, partition)}`,
      `Set them with the nats tool (nats stream edit ${name})`,
    );
  }
}
