/**
 * Dashboards: many subscribers of live windows, each told of a change every second. They connect all at once; one in ten is
 * cut off half-way, and goes on from the position that it was told. A reading's value is the moment at which it was handed
 * to the agent, so that a subscriber sees how long ago that was.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';

const URL = given('WEIR_URL');
const SOURCE = given('SOURCE_URL');
const CLIENTS = givenNumber('CLIENTS');
const SECONDS = givenNumber('SECONDS');
const REGIONS = 10;
const CLIENTS_PER_VU = 100;
/** For connecting all, before anything is fed, and for what is on its way at the end. */
const CONNECT_SECONDS = 10;
const SETTLE_SECONDS = 3;
/** One in so many is cut off, and comes back. */
const RETURNING_EVERY = 10;

const updateMs = new Trend('update_ms', true);
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
      maxDuration: `${CONNECT_SECONDS + SECONDS + SETTLE_SECONDS + 30}s`,
      exec: 'watch',
    },
    feed: {
      executor: 'constant-arrival-rate',
      rate: 1,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      startTime: `${CONNECT_SECONDS}s`,
      preAllocatedVUs: 2,
      exec: 'feed',
    },
  },
  thresholds: {
    update_ms: ['p(99)<250'],
    'http_reqs{name:feed}': ['count>0'],
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

export function feed(): void {
  const now = Date.now();
  const time = new Date(now).toISOString();
  const readings = Array.from({ length: REGIONS }, (_, region) => ({
    time,
    metric: 'moment',
    device: `clock-${region}`,
    tags: { region: `region-${region}` },
    value: now,
  }));
  const answer = http.post(`${SOURCE}/readings`, JSON.stringify(readings), { tags: { name: 'feed' } });
  check(answer, { 'readings are stored': ({ status }) => status === 200 });
}

export function watch(): void {
  const first = exec.scenario.iterationInTest * CLIENTS_PER_VU;
  const count = Math.min(CLIENTS_PER_VU, CLIENTS - first);
  const clients = Array.from({ length: Math.max(0, count) }, (_, i) => new Client(first + i));
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
    feedMs + (SECONDS + SETTLE_SECONDS) * 1_000,
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

  constructor(index: number) {
    this.index = index;
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
      else updateMs.add(Date.now() - stats.max);
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
