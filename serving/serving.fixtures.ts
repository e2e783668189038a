import pino from 'pino';
import { Registry } from 'prom-client';
import type { ServingOptions } from './http/options.ts';
import { type Serving, startServing } from './serving.ts';
import type { World } from './world.fixtures.ts';

/** A serving node over a world, on a free port of the loopback. */
export interface Served extends AsyncDisposable {
  readonly serving: Serving;
  readonly url: string;
  /** The parsed body of an answer, with its status. */
  get(
    path: string,
  ): Promise<{ readonly status: number; readonly body: unknown; readonly text: string; readonly headers: Headers }>;
}

export async function serveWorld(world: World, changed: Partial<ServingOptions> = {}): Promise<Served> {
  const serving = await startServing({
    listen: { host: '127.0.0.1', port: 0 },
    feed: world.changes,
    manifests: world.manifests,
    results: world.results,
    metrics: new Map([[world.metric.name, world.metric]]),
    views: [world.view],
    presence: () => [],
    operations: {
      batch: () => Promise.resolve({ version: 1, positions: [], readings: 0, rows: 0, slices: 0, seconds: 0 }),
      verify: () => Promise.resolve({ slices: 0, different: 0 }),
    },
    status: () => ({ version: 'test' }),
    isReady: () => true,
    whyNotKept: () => Promise.resolve(undefined),
    registry: new Registry(),
    dashboardDir: undefined,
    clock: () => 0,
    logger: pino({ level: 'silent' }),
    ...changed,
  });
  const url = `http://127.0.0.1:${serving.port}`;
  return {
    serving,
    url,
    get: async (path) => {
      // A test may be busy for longer than the server keeps an idle connection.
      const response = await fetch(url + path, { headers: { connection: 'close' } });
      const text = await response.text();
      const isJson =
        /json(?:;|$)/.test(response.headers.get('content-type') ?? '') &&
        !response.headers.get('content-type')!.includes('ndjson');
      return {
        status: response.status,
        body: isJson ? (JSON.parse(text) as unknown) : undefined,
        text,
        headers: response.headers,
      };
    },
    [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose](),
  };
}

/** A window of an answer, its numbers as texts: JSON.parse would round them. */
export interface ReadWindow {
  readonly start: string;
  readonly end: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly stats: Readonly<Record<string, string>>;
  readonly completeness: number;
  readonly final: boolean;
  readonly revision: number;
  readonly pending?: readonly string[];
}

export interface ReadAnswer {
  readonly version: number;
  readonly position: string;
  readonly freshness: string | null;
  readonly windows: readonly ReadWindow[];
}

/** Reads an answer from its text, with the statistics' numbers as they are written (ECMA-262, JSON.parse source text). */
export function readAnswer(text: string): ReadAnswer {
  const reviver = (key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' && !['completeness', 'revision', 'version'].includes(key) ? context.source : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as ReadAnswer;
}
