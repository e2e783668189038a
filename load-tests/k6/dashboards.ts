/**
 * Dashboards: many subscribers of live windows, each told of a change every second. They connect all at once; one in ten is
 * cut off half-way, and goes on from the position that it was told. A reading's value is the moment at which it was handed
 * to the agent, so that a subscriber sees how long ago that was. First each agent has its own moment in a second; at the
 * end all readings change at once.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';

const URL = given('WEIR_URL');
/** Of agents, each with regions of its own. */
const SOURCES = given('SOURCE_URLS').split(',');
const CLIENTS = givenNumber('CLIENTS');
const SECONDS = givenNumber('SECONDS');
const BURST_SECONDS = givenNumber('BURST_SECONDS');
const REGIONS = 10;
const CLIENTS_PER_VU = 100;
/** For connecting all, before anything is fed, and for what is on its way at the end. */
const CONNECT_SECONDS = 10;
const SETTLE_SECONDS = 3;
/** From the last change of one region to the first of all. */
const PAUSE_SECONDS = 2;
const BURST_AT_SECONDS = CONNECT_SECONDS + SECONDS + PAUSE_SECONDS;
/** One in so many is cut off, and comes back. */
const RETURNING_EVERY = 10;

const fed = new Counter('fed');
const updateMs = new Trend('update_ms', true);
const burstMs = new Trend('burst_ms', true);
const snapshotMs = new Trend('snapshot_ms', true);
const updates = new Counter('updates');
/** Updates of a window that tell of an older moment than one before. */
const stepsBack = new Counter('steps_back');
const failures = new Counter('failures');
const resumed = new Rate('resumed_by_changes');
const endsEqual = new Rate('ends_equal');

export const options = {
  scenarios: {
    watch: {
      executor: 'per-vu-iterations',
      vus: Math.ceil(CLIENTS / CLIENTS_PER_VU),
      iterations: 1,
      maxDuration: `${BURST_AT_SECONDS + BURST_SECONDS + SETTLE_SECONDS + 30}s`,
      exec: 'watch',
    },
    feed: {
      executor: 'constant-arrival-rate',
      rate: SOURCES.length,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      startTime: `${CONNECT_SECONDS}s`,
      // Few, so that none of their connections rests for so long that the agent closes it.
      preAllocatedVUs: 1,
      maxVUs: 2,
      exec: 'feed',
    },
    burst: {
      executor: 'constant-arrival-rate',
      rate: 1,
      timeUnit: '1s',
      duration: `${BURST_SECONDS}s`,
      startTime: `${BURST_AT_SECONDS}s`,
      preAllocatedVUs: 1,
      maxVUs: 2,
      exec: 'burst',
    },
  },
  thresholds: {
    update_ms: ['p(99)<250'],
    fed: ['count>0'],
    updates: ['count>0'],
    steps_back: ['count==0'],
    failures: ['count==0'],
    resumed_by_changes: ['rate==1'],
    ends_equal: ['rate==1'],
    checks: ['rate==1'],
  },
  summaryTrendStats: TREND_STATS,
  noConnectionReuse: false,
};

/** When all begin to change at once. */
export function setup(): { readonly burstAtMs: number } {
  return { burstAtMs: Date.now() + (BURST_AT_SECONDS - PAUSE_SECONDS / 2) * 1_000 };
}

export function feed(): void {
  post([exec.scenario.iterationInTest % SOURCES.length]);
}

export function burst(): void {
  post(SOURCES.map((_, agent) => agent));
}

/** Hands readings of all regions of the agents over to them. */
function post(agents: readonly number[]): void {
  const value = Date.now();
  const time = new Date(value).toISOString();
  const regions = agents.map((agent) =>
    Array.from({ length: REGIONS }, (_, region) => region).filter((region) => region % SOURCES.length === agent),
  );
  const requests = agents.map((agent, i) => {
    const readings = regions[i]!.map((region) => ({
      time,
      metric: 'moment',
      device: `clock-${region}`,
      tags: { region: `region-${region}` },
      value,
    }));
    return { method: 'POST', url: `${SOURCES[agent]}/readings`, body: JSON.stringify(readings) };
  });
  for (const [i, answer] of http.batch(requests).entries())
    if (check(answer, { 'readings are stored': ({ status }) => status === 200 })) fed.add(regions[i]!.length);
}

export function watch({ burstAtMs }: { readonly burstAtMs: number }): void {
  const first = exec.scenario.iterationInTest * CLIENTS_PER_VU;
  const count = Math.min(CLIENTS_PER_VU, CLIENTS - first);
  const clients = Array.from({ length: Math.max(0, count) }, (_, i) => new Client(first + i, burstAtMs));
  const feedMs = CONNECT_SECONDS * 1_000;
  setTimeout(
    () => {
      for (const client of clients) if (client.index % RETURNING_EVERY === 0) client.comeBack();
    },
    feedMs + SECONDS * 500,
  );
  setTimeout(
    () => {
      const answers = new Map<string, Map<string, number>>();
      for (const client of clients) {
        if (!answers.has(client.region)) answers.set(client.region, askRest(client.region));
        endsEqual.add(client.holdsWhat(answers.get(client.region)!));
        client.close();
      }
    },
    (BURST_AT_SECONDS + BURST_SECONDS + SETTLE_SECONDS) * 1_000,
  );
}

interface Message {
  readonly type: string;
  readonly position: string;
  readonly windows: readonly {
    readonly start: string;
    readonly stats: { readonly count: number; readonly max: number };
  }[];
}

/** One dashboard, with its own connection. */
class Client {
  readonly index: number;
  readonly region: string;
  /** Of each window. */
  readonly #counts = new Map<string, number>();
  readonly #latest = new Map<string, number>();
  #socket: WebSocket;
  #position: string | undefined;
  readonly #burstAtMs: number;

  constructor(index: number, burstAtMs: number) {
    this.index = index;
    this.#burstAtMs = burstAtMs;
    this.region = `region-${index % REGIONS}`;
    this.#socket = this.#connect(undefined);
  }

  comeBack(): void {
    this.close();
    this.#socket = this.#connect(this.#position);
  }

  close(): void {
    this.#socket.onclose = () => undefined;
    this.#socket.onerror = () => undefined;
    this.#socket.close();
  }

  holdsWhat(answered: ReadonlyMap<string, number>): boolean {
    if (answered.size === 0 || answered.size !== this.#counts.size) return false;
    for (const [start, count] of answered) if (this.#counts.get(start) !== count) return false;
    return true;
  }

  #connect(resume: string | undefined): WebSocket {
    const startMs = Date.now();
    let isFirst = true;
    const socket = new WebSocket(`${URL.replace('http', 'ws')}/api/v1/stream`);
    socket.onopen = () => {
      const where = { region: [this.region] };
      const asked = { type: 'subscribe', id: 'w', view: 'moments', window: '1m', stats: ['count', 'max'], where };
      socket.send(JSON.stringify(resume === undefined ? asked : { ...asked, resume }));
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event!.data as string) as Message;
      if (message.type === 'error') {
        failures.add(1);
        return;
      }
      if (isFirst) {
        isFirst = false;
        if (resume === undefined) snapshotMs.add(Date.now() - startMs);
        else resumed.add(message.type === 'changes');
      }
      this.#take(message);
    };
    socket.onclose = () => failures.add(1);
    socket.onerror = () => failures.add(1);
    return socket;
  }

  #take({ type, position, windows }: Message): void {
    this.#position = position;
    for (const { start, stats } of windows) {
      const before = this.#latest.get(start) ?? 0;
      this.#counts.set(start, stats.count);
      this.#latest.set(start, Math.max(before, stats.max));
      // A window is told again, too, when it becomes final.
      if (type !== 'changes' || stats.max === before) continue;
      updates.add(1);
      if (stats.max < before) stepsBack.add(1);
      else (stats.max < this.#burstAtMs ? updateMs : burstMs).add(Date.now() - stats.max);
    }
  }
}

/** What REST says of a region: how many readings each window has. */
function askRest(region: string): Map<string, number> {
  const [from, to] = [-3_600_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
  const query = `from=${from}&to=${to}&window=1m&stats=count&region=${region}`;
  const answer = http.get(`${URL}/api/v1/views/moments/windows?${query}`);
  check(answer, { 'windows are answered': ({ status }) => status === 200 });
  const { windows } = answer.json() as unknown as Message;
  return new Map(windows.map(({ start, stats }) => [start, stats.count]));
}

export const handleSummary = writeSummary;
