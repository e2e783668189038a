import type { StreamInfo } from '@nats-io/jetstream';
import { reasonOf } from '#core/errors.ts';
import type { NatsLink } from '../nats/nats-connection.ts';
import { type LogReport, type LogShortfall, RECORD_BYTES_MAX } from './log.ts';
import type { NatsLogFacts } from './nats-log-streams.ts';

/** Room that a message leaves for subject, reply and headers, in bytes of the server's `max_payload`. */
export const MESSAGE_ROOM_BYTES = 1024;

/** How long a monitoring page may take to answer. */
const MONITOR_TIMEOUT_MS = 3_000;

/** What the server's monitoring page says about syncing; `unknown` carries why it couldn't be learnt. */
export type SyncFacts =
  | { readonly kind: 'always' }
  | { readonly kind: 'interval'; readonly seconds: number }
  | { readonly kind: 'unknown'; readonly why: string };

/** The largest record that this server takes. */
export function recordBytesMaxOf(maxPayloadBytes: number): number {
  return Math.max(1, Math.min(RECORD_BYTES_MAX, maxPayloadBytes - MESSAGE_ROOM_BYTES));
}

/**
 * Asks a nats-server's monitoring page (`http_port`) how often it syncs; a client can't learn it over its connection.
 * `monitor` is the page's address, such as `http://127.0.0.1:8222`.
 */
export async function askSync(monitor: string | undefined): Promise<SyncFacts> {
  if (monitor === undefined) return { kind: 'unknown', why: 'no address of its monitoring page is configured' };
  try {
    const response = await fetch(new URL('/jsz?config=true', monitor), {
      signal: AbortSignal.timeout(MONITOR_TIMEOUT_MS),
    });
    return parseSync(monitor, await response.json());
  } catch (error) {
    return { kind: 'unknown', why: `${monitor} can't be read (${reasonOf(error)})` };
  }
}

/** What the page `jsz` of a monitor says of syncing. */
export function parseSync(monitor: string, page: unknown): SyncFacts {
  const { config } = page as { readonly config?: { readonly sync_always?: unknown; readonly sync_interval?: unknown } };
  if (config?.sync_always === true) return { kind: 'always' };
  const nanoseconds = config?.sync_interval;
  return typeof nanoseconds === 'number'
    ? { kind: 'interval', seconds: nanoseconds / 1e9 }
    : { kind: 'unknown', why: `${monitor} doesn't say it` };
}

/** The report, from what was asked: pure, so that every shortfall can be tested without such a server. */
export function reportOf(
  link: Pick<NatsLink, 'servers'>,
  server: { readonly version: string; readonly maxPayloadBytes: number },
  facts: NatsLogFacts,
  streams: readonly StreamInfo[],
  sync: SyncFacts,
): LogReport {
  const configs = streams.map((stream) => stream.config);
  const replicas = Math.min(...configs.map((config) => config.num_replicas));
  const inFiles = configs.every((config) => config.storage === 'file');
  const forgets = configs.some(
    (config) => config.discard !== 'new' || config.max_age > 0 || config.retention !== 'limits',
  );
  const limits = configs.map((config) => config.max_bytes);
  const survives = !inFiles ? 'memory only' : sync.kind === 'always' || replicas >= 3 ? 'power loss' : 'process crash';
  return {
    adapter: 'nats',
    engine: `nats-server ${server.version}`,
    place: link.servers.join(', '),
    generation: facts.generation,
    partitions: facts.partitions,
    durability: {
      survives,
      how: `${inFiles ? 'file' : 'memory'} storage, ${describeSync(sync)}, ${replicas === 1 ? '1 copy' : `${replicas} copies`}`,
    },
    replicas,
    limits: {
      recordBytesMax: recordBytesMaxOf(server.maxPayloadBytes),
      storeBytesMax: limits.every((limit) => limit > 0) ? limits.reduce((sum, limit) => sum + limit, 0) : undefined,
    },
    discard: forgets ? 'old' : 'new',
    shortfalls: shortfallsOf({ survives, sync, replicas, inFiles, forgets, maxPayloadBytes: server.maxPayloadBytes }),
  };
}

function describeSync(sync: SyncFacts): string {
  switch (sync.kind) {
    case 'always':
      return 'synced before each acknowledgement';
    case 'interval':
      return `synced every ${sync.seconds} s`;
    case 'unknown':
      return 'how often it syncs is unknown';
  }
}

function shortfallsOf(facts: {
  survives: LogReport['durability']['survives'];
  sync: SyncFacts;
  replicas: number;
  inFiles: boolean;
  forgets: boolean;
  maxPayloadBytes: number;
}): LogShortfall[] {
  const shortfalls: LogShortfall[] = [];
  const miss = (promise: string, why: string): void => void shortfalls.push({ promise, holds: false, why });
  if (!facts.inFiles) {
    miss('an acknowledged record survives a restart of the server', 'a stream has memory storage; make it with files');
  } else if (facts.survives !== 'power loss') {
    miss(
      'an acknowledged record survives a loss of power',
      facts.sync.kind === 'unknown'
        ? `whether the one server syncs before it acknowledges can't be learnt: ${facts.sync.why}. Set ` +
            'sync_interval: always and name its monitoring page (backbone.monitor), or use three replicas'
        : `the one server ${describeSync(facts.sync)}, not before each acknowledgement. Set sync_interval: always, or use ` +
            'three replicas',
    );
  }
  if (facts.forgets) {
    miss('history is kept until it is trimmed', 'a stream discards old records; set discard: new and no max_age');
  }
  if (recordBytesMaxOf(facts.maxPayloadBytes) < RECORD_BYTES_MAX) {
    miss(
      `records of up to ${RECORD_BYTES_MAX} bytes are stored`,
      `the server takes messages of ${facts.maxPayloadBytes} bytes; set max_payload: 1MB`,
    );
  }
  return shortfalls;
}
