import type { Draws } from '../platform/draws.ts';
import { spanMs } from '../truth/span.ts';
import { type PlannedMetric, type PlannedSeries, type PlannedView, type Setting, STRANGE } from './plan.ts';

const AGENTS_MAX = 3;
const DEVICES_MAX = 2;
const PARTITIONS_MAX = 3;
/** Probability that an agent also reads a file. */
const LOGGER_CHANCE = 0.3;
/** Probability that the sources of an agent say since when their series are expected. */
const SINCE_CHANCE = 0.2;
/** Probability that what was taken of a metric is forgotten soon. */
const HORIZON_CHANCE = 0.07;
/** Of a metric that says nothing. */
const PANE = '10s';
const REGIONS = ['north', 'south'];

/** Draws what is measured and asked. */
export function drawSetting(draws: Draws, startsAtMs: number): Setting {
  const metrics: Record<string, PlannedMetric> = { level: drawMetric(draws, 'gauge') };
  if (draws.chance(0.6)) metrics['total'] = drawMetric(draws, draws.pick(['counter', 'counter', 'total', 'delta']));
  const agents = Array.from({ length: draws.between(1, AGENTS_MAX) }, (_, i) => `agent-${i + 1}`);
  const series = agents.flatMap((agent) => drawSeries(draws, agent, Object.keys(metrics)));
  const views: Record<string, PlannedView> = {};
  for (const metric of Object.keys(metrics)) {
    const slices = slicesOf(metrics[metric]!);
    views[`${metric}-by-region`] = { metric, by: ['region'], slice: draws.pick(slices) };
    if (draws.chance(0.4)) views[`${metric}-by-device`] = { metric, by: ['device'], slice: draws.pick(slices) };
    if (draws.chance(0.3)) views[`${metric}-north`] = { metric, by: [], slice: '1m', where: { region: ['north'] } };
  }
  metrics[STRANGE] = drawMetric(draws, 'gauge');
  views[STRANGE] = { metric: STRANGE, by: ['device'], slice: '1m' };
  const partitions = draws.between(1, PARTITIONS_MAX);
  const latenessMs = draws.pick([0, 2_000, 10_000]);
  const since = drawSince(draws, agents, startsAtMs);
  const retention = { log: draws.pick(['archived', 'forever', '1m']), quarantine: draws.pick(['forever', '1m']) };
  return { partitions, metrics, views, agents, series, latenessMs, since, retention };
}

/** Agents forget what they took of some metrics, soon. */
export function withHorizons(draws: Draws, setting: Setting): Setting {
  const metrics = Object.entries(setting.metrics).map(([name, metric]) => {
    const forgets = draws.chance(HORIZON_CHANCE) && name !== STRANGE;
    return [name, forgets ? { ...metric, repeatHorizon: draws.pick(['1s', '20s']) } : metric] as const;
  });
  return { ...setting, metrics: Object.fromEntries(metrics) };
}

/** Some sources say since when their series are expected: long before they were first heard of, just before, or later. */
function drawSince(draws: Draws, agents: readonly string[], startsAtMs: number): Record<string, number> {
  const saying = agents.filter(() => draws.chance(SINCE_CHANCE));
  const before = (): number => draws.pick([-3_600_000, -90_000, 20_000]) - draws.below(60_000);
  return Object.fromEntries(saying.map((agent) => [agent, startsAtMs + before()]));
}

/** The same metric with another interval, hold or roll-over, with quantiles or without. */
export function drawRedeclared(draws: Draws, metric: PlannedMetric): PlannedMetric {
  const { hold: _hold, rollover: _rollover, ...rest } = metric;
  const { interval, quantiles, hold, rollover } = drawMetric(draws, metric.kind);
  return {
    ...rest,
    interval,
    quantiles,
    ...(hold === undefined ? {} : { hold }),
    ...(rollover === undefined ? {} : { rollover }),
  };
}

/** The slices that views of a metric may have. */
export function slicesOf({ pane = PANE }: PlannedMetric): readonly string[] {
  return ['10s', '30s', '1m', '1h'].filter((slice) => spanMs(slice) % spanMs(pane) === 0);
}

/** What makes other numbers of a metric's readings. */
export function drawMistake(
  draws: Draws,
  { decimals, kind }: PlannedMetric,
): Partial<Pick<PlannedMetric, 'unit' | 'decimals' | 'kind'>> {
  switch (draws.pick(['unit', 'decimals', 'kind'] as const)) {
    case 'unit':
      return { unit: 'v' };
    case 'decimals':
      return { decimals: decimals + 1 };
    case 'kind':
      return { kind: kind === 'gauge' ? 'total' : 'gauge' };
  }
}

function drawMetric(draws: Draws, kind: PlannedMetric['kind']): PlannedMetric {
  const decimals = draws.pick([0, 1, 3]);
  const holds = kind === 'gauge' && draws.chance(0.3);
  const rollsOver = kind === 'counter' && draws.chance(0.5);
  return {
    unit: 'u',
    decimals,
    kind,
    interval: draws.pick(['500ms', '1s', '5s']),
    send: draws.pick(['panes', 'readings', 'adaptive']),
    pane: draws.pick(['10s', '30s', '30s']),
    conflict: draws.chance(0.8) ? 'last' : 'first',
    quantiles: draws.chance(0.3),
    ...(holds ? { hold: draws.pick(['500ms', '12s', '2m']) } : {}),
    ...(rollsOver ? { rollover: String(10 ** draws.between(2, 4) - 1) } : {}),
  };
}

function drawSeries(draws: Draws, agent: string, metrics: readonly string[]): PlannedSeries[] {
  const meters = Array.from({ length: draws.between(1, DEVICES_MAX) }, (_, i) => `${agent}-meter-${i + 1}`);
  const loggers = draws.chance(LOGGER_CHANCE) ? [`${agent}-logger`] : [];
  return [...meters, ...loggers].flatMap((device) => {
    const region = draws.pick(REGIONS);
    const by = meters.includes(device) ? 'http' : 'file';
    return metrics.map((metric): PlannedSeries => ({ agent, metric, device, tags: { device, region }, by }));
  });
}
