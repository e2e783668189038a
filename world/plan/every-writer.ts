import { type PlannedReading, type Plan, SERVER, type Setting, type Step } from './plan.ts';

const STARTS_AT_MS = Date.UTC(2026, 2, 14, 9, 0, 0);
const AGENT = 'agent-1';
const STEP_MS = 1_000;

const SETTING: Setting = {
  partitions: 2,
  metrics: {
    level: metric('gauge'),
    total: metric('counter'),
    strange: metric('gauge'),
  },
  views: {
    'level-by-region': { metric: 'level', by: ['region'], slice: '10s' },
    'total-by-device': { metric: 'total', by: ['device'], slice: '1m' },
    strange: { metric: 'strange', by: ['device'], slice: '1m' },
  },
  agents: [AGENT],
  series: [series('level', 'meter', 'http'), series('total', 'meter', 'http'), series('level', 'logger', 'file')],
  latenessMs: 0,
};

/**
 * A short world without faults in which every part writes all that it ever does: first and later starts, births and
 * readings, amends and their refolds, what is refused, results, deltas, the base that they are merged into, states that are
 * let go, and a view that is folded anew.
 */
export function everyWriter(): Plan {
  const steps: Step[] = [];
  const at = (second: number, step: (atMs: number) => Step): void => void steps.push(step(second * STEP_MS));
  for (let second = 2; second <= 24; second += 2)
    at(second, (atMs) => ({ kind: 'send', atMs, agent: AGENT, readings: measured(second) }));
  for (const second of [5, 11])
    at(second, (atMs) => ({ kind: 'send', atMs, agent: AGENT, readings: [{ ...measured(2)[0]!, value: second }] }));
  at(6, (atMs) => ({ kind: 'intrude', atMs, holdsMs: 1_000 }));
  // One more than the deltas that stand beside a base.
  for (let second = 7; second <= 16; second++) at(second, (atMs) => ({ kind: 'batch', atMs, full: false }));
  at(17, (atMs) => ({ kind: 'batch', atMs, full: true }));
  at(18, (atMs) => ({ kind: 'rollback', atMs, view: 'level-by-region' }));
  at(19, (atMs) => ({ kind: 'restart', atMs, machine: AGENT }));
  at(21, (atMs) => ({
    kind: 'redefine',
    atMs,
    view: 'total-by-device',
    definition: { metric: 'total', by: ['region'], slice: '30s' },
  }));
  at(24, (atMs) => ({ kind: 'batch', atMs, full: false }));
  return { seed: 1, startsAtMs: STARTS_AT_MS, setting: SETTING, steps: steps.toSorted((a, b) => a.atMs - b.atMs) };
}

/** The machines whose writes are tried. */
export const WRITERS: readonly string[] = [SERVER, AGENT];

/** The number of a write that is never reached. */
export const NEVER = Number.MAX_SAFE_INTEGER;

/** The same world, in which a write of a machine fails, and all that follow for a while. */
export function failingAt(machine: string, write: number): Plan {
  const plan = everyWriter();
  const code = write % 2 === 0 ? 'ENOSPC' : 'EIO';
  const leaves = LEFTOVERS[write % LEFTOVERS.length]!;
  return {
    ...plan,
    steps: [{ kind: 'fail-write', atMs: 0, machine, write, forMs: FAILING_MS, code, leaves }, ...plan.steps],
  };
}

const LEFTOVERS = ['nothing', 'half', 'all'] as const;
/** Longer than what fails for now is waited for before it is tried again. */
const FAILING_MS = 1_200;

function measured(second: number): readonly PlannedReading[] {
  const timeMs = STARTS_AT_MS + second * STEP_MS;
  return SETTING.series.map((_, index) => ({ series: index, timeMs, value: 100 * second + index }));
}

function metric(kind: 'gauge' | 'counter'): Setting['metrics'][string] {
  return { unit: 'u', decimals: 1, kind, interval: '1s', send: 'adaptive', conflict: 'last', quantiles: false };
}

function series(name: string, device: string, by: 'http' | 'file'): Setting['series'][number] {
  return { agent: AGENT, metric: name, device, tags: { device, region: 'north' }, by };
}
