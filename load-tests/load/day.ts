import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figureOf, median } from '../measure.ts';
import { freePort } from '../peers/peer-process.ts';
import { runK6 } from './k6-run.ts';
import { DAY_MS, loadAt, readingsOf, RegionFeed, STEP_MS, STEPS } from './region-feed.ts';
import { RunningSystem } from './running-system.ts';
import {
  k6Percentiles,
  loadResult,
  type LoadResult,
  memoryFigure,
  type Scenario,
  type Stored,
  storedOf,
} from './scenario.ts';
import { SeverableLink } from './severable-link.ts';
import { ToldCount } from './told-count.ts';

const SIZES = {
  tiny: { meters: 50, stepMs: 150, spike: { rate: 20, seconds: 4 } },
  short: { meters: 500, stepMs: 400, spike: { rate: 100, seconds: 10 } },
  full: { meters: 2_000, stepMs: 1_250, spike: { rate: 300, seconds: 30 } },
} as const;

/** In steps: readers come when meters begin to tell every minute, then history is recomputed, then a region is cut off, until eleven. */
const SPIKE_AT = 24;
const RECOMPUTE_AT = 26;
const CUT_AT = 28;
const MENDED_AT = 44;
const LAG_MS_MAX = 2_000;
const DRAIN_RATIO_MIN = 10;

export const day: Scenario = {
  name: 'day',
  summary:
    'a day of two regions in two minutes: morning peak, recompute, a spike of readers, a region cut off and back',
  run: async (size): Promise<LoadResult> => {
    const { meters, stepMs, spike } = SIZES[size];
    await using system = await RunningSystem.start((broker) => configOf('server', broker, 1));
    await using link = await SeverableLink.open(system.server.mqttPort);
    const { url, mqttPort } = system.server;
    const [north, south] = [
      await startRegion(system, 'north', mqttPort, { meters, stepMs }),
      await startRegion(system, 'south', link.port, { meters, stepMs }),
    ];
    using _north = north.told;
    using _south = south.told;
    const startMs = performance.now();
    const at = (step: number): Promise<unknown> => sleep(Math.max(0, startMs + step * stepMs - performance.now()));
    const days = [north.feed.run(startMs), south.feed.run(startMs)];
    const outage = at(CUT_AT).then(() => playOutage(link, south, () => at(MENDED_AT)));
    const recompute = at(RECOMPUTE_AT).then(() => system.run('batch', '--full', '--url', url));
    const reading = at(SPIKE_AT).then(() =>
      runK6('spike', spike.seconds, {
        WEIR_URL: url,
        RATE: String(spike.rate),
        SECONDS: String(spike.seconds),
        DEVICES: String(meters),
        REGIONS: 'north,south',
        FROM: new Date(DAY_MS).toISOString(),
        TO: new Date(DAY_MS + 86_400_000).toISOString(),
      }),
    );
    const [run, drained] = await Promise.all([reading, outage, recompute, ...days]);
    const accepted = north.feed.accepted + south.feed.accepted;
    const counted = await system.whenCounted('load-by-region', accepted);
    const differences = await system.differences();
    const truth = await compareDay(url, 'load-by-device', ['north', 'south'], meters);
    // Both views count the same readings.
    const byRegion = storedOf(accepted, counted, differences);
    const lost = Math.max(byRegion.lost, truth.lost);
    const twice = Math.max(byRegion.twice, truth.twice);
    const lags = [...north.feed.lagsMs, ...south.feed.lagsMs];
    const { figures, missed } = judged(lags, drained, size !== 'tiny');
    return loadResult(
      'day',
      run,
      { lost, twice, differences, wrong: truth.wrong },
      {
        figures: [
          figureOf('day-readings', accepted, 'readings'),
          ...figures,
          ...k6Percentiles('day-readers', run, 'http_req_duration'),
          ...memoryFigure('day', await system.peakMemoryBytes()),
        ],
        missed,
      },
    );
  },
};

interface Region {
  readonly feed: RegionFeed;
  readonly told: ToldCount;
}

async function startRegion(
  system: RunningSystem,
  region: string,
  brokerPort: number,
  play: { readonly meters: number; readonly stepMs: number },
): Promise<Region> {
  const port = await freePort();
  await system.startAgent([port], configOf(region, `mqtt://127.0.0.1:${brokerPort}`, port));
  const told = await ToldCount.open(system.server.url, 'load-by-region', region);
  return { told, feed: new RegionFeed({ ...play, region, port, told }) };
}

function configOf(id: string, broker: string, port: number) {
  const metric = 'load';
  return {
    metrics: { [metric]: { unit: 'W', decimals: 0, kind: 'gauge', interval: '15m', send: 'readings' } },
    agent: { id, broker },
    sources: {
      meters: {
        kind: 'line-protocol',
        listen: `127.0.0.1:${port}`,
        series: [{ metric, value: 'meter.load', device: '{host}', tags: { region: '{region}' } }],
      },
    },
    views: {
      'load-by-region': { metric, by: ['region'], slice: '15m' },
      'load-by-device': { metric, by: ['device'], slice: '15m' },
    },
  };
}

/** What came of a region that was away: how much it had to tell, and how fast it did, against how fast it took in. */
interface Drained {
  readonly backlog: number;
  /** From the mended link until the agent was back, and from then until the last of it was told. */
  readonly backMs: number;
  readonly drainedMs: number;
  readonly ratio: number;
}

async function playOutage(
  link: SeverableLink,
  { feed, told }: Region,
  untilMended: () => Promise<unknown>,
): Promise<Drained> {
  const cutMs = performance.now();
  feed.goOffline();
  link.cut();
  await untilMended();
  const { count: before } = told;
  const mendedMs = performance.now();
  const due = feed.accepted;
  const backAtMs = await link.mend();
  const lastMs = await told.reach(due);
  feed.comeBack();
  const backlog = due - before;
  const liveRate = backlog / (mendedMs - cutMs);
  const drainRate = backlog / Math.max(1, lastMs - backAtMs);
  return { backlog, backMs: backAtMs - mendedMs, drainedMs: lastMs - backAtMs, ratio: drainRate / liveRate };
}

function judged(
  lags: readonly number[],
  { backlog, backMs, drainedMs, ratio }: Drained,
  isJudged: boolean,
): { readonly figures: readonly Figure[]; readonly missed: readonly string[] } {
  const lagMax = Math.max(...lags);
  const figures = [
    figureOf('day-behind-p50', median(lags), 'ms'),
    figureOf('day-behind-max', lagMax, 'ms'),
    figureOf('day-backlog', backlog, 'readings'),
    figureOf('day-back', backMs, 'ms'),
    figureOf('day-drained', drainedMs, 'ms'),
    figureOf('day-drain', ratio, 'times live', { decimals: 1 }),
  ];
  if (!isJudged) return { figures, missed: [] };
  const missed = [
    ...(lagMax > LAG_MS_MAX ? [`windows were ${Math.round(lagMax)} ms behind, not ${LAG_MS_MAX} at most`] : []),
    ...(ratio < DRAIN_RATIO_MIN
      ? [`the backlog was drained ${ratio.toFixed(1)} times as fast as it came, not ${DRAIN_RATIO_MIN}`]
      : []),
  ];
  return { figures, missed };
}

interface Told {
  readonly tags: { readonly device: string };
  readonly stats: { readonly count: number; readonly sum: number };
}

/**
 * Compares every quarter of an hour of every meter, as `view` by device tells it, with what the feeds of the regions have
 * handed over.
 */
async function compareDay(
  url: string,
  view: string,
  regions: readonly string[],
  meters: number,
): Promise<Required<Pick<Stored, 'lost' | 'twice' | 'wrong'>>> {
  let [lost, twice, wrong] = [0, 0, 0];
  for (let step = 0; step < STEPS; step++) {
    const told = await toldOf(url, view, step);
    const due = readingsOf(step);
    for (const region of regions) {
      for (let meter = 0; meter < meters; meter++) {
        const device = `${region}-${meter}`;
        const { count, sum } = told.get(device) ?? { count: 0, sum: 0 };
        told.delete(device);
        lost += Math.max(0, due - count);
        twice += Math.max(0, count - due);
        if (count === due && sum !== due * loadAt(meter, step)) wrong++;
      }
    }
    wrong += told.size;
  }
  return { lost, twice, wrong };
}

async function toldOf(url: string, view: string, step: number): Promise<Map<string, Told['stats']>> {
  const [from, to] = [step, step + 1].map((one) => new Date(DAY_MS + one * STEP_MS).toISOString());
  const response = await fetch(
    `${url}/api/v1/views/${view}/windows?from=${from}&to=${to}&window=15m&stats=count,sum&format=ndjson`,
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`windows of ${view} were answered by ${response.status}: ${text}`);
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => JSON.parse(line) as Told).map(({ tags, stats }) => [tags.device, stats]));
}
