import type { Draws } from '../platform/draws.ts';
import { ATTACKS } from './attacks.ts';
import { drawMistake, drawRedeclared, slicesOf } from './draw-setting.ts';
import { NOT_YET_HELD } from './not-yet-held.ts';
import {
  type Pair,
  type PlannedView,
  SERVER,
  type Setting,
  sensorOf,
  STRANGE,
  type Step,
  type StepKind,
} from './plan.ts';

/** Of a kind of fault that a world has, the most that strike it. */
const TIMES_MAX = 5;
/** Probability that a world has a kind of fault: some have many, most have a few. */
const KIND_CHANCE = 0.3;

/** What takes a world long to get over is in fewer of them. */
const RARE_CHANCE = 0.1;
const RARE: ReadonlySet<StepKind> = new Set<StepKind>(['foreign', 'mistake', 'end-series']);

export interface PlanOptions {
  /** Also faults that are known to break a promise. */
  readonly all?: boolean;
  /** Kinds of faults that the world has in any case. */
  readonly kinds?: readonly StepKind[];
}

/** A write is made to fail by its number where all of them are tried in turn. */
type FaultKind = Exclude<StepKind, 'send' | 'send-broken' | 'fail-write'>;

/**
 * Draws the faults of a world. A world has only some kinds, so that what one alone does is seen too. Those that break a
 * promise today are left out, unless `all` are wanted.
 */
export function drawFaults(
  draws: Draws,
  setting: Setting,
  endMs: number,
  { all = false, kinds = [] }: PlanOptions = {},
): Step[] {
  const steps: Step[] = [];
  for (const kind of FAULT_KINDS) {
    const has = draws.chance(RARE.has(kind) ? RARE_CHANCE : KIND_CHANCE) || kinds.includes(kind);
    const times = draws.between(1, TIMES_MAX);
    if (!has) continue;
    for (let i = 0; i < times; i++) steps.push(DRAW[kind](draws, setting, draws.below(endMs)));
  }
  const held = all ? steps : steps.filter((step) => !NOT_YET_HELD.some(({ is }) => is(step)));
  // Going back from a definition is a wish of its own: what is right then is told by the one who wished it.
  return held.some(({ kind }) => kind === 'redefine') ? held.filter(({ kind }) => kind !== 'rollback') : held;
}

const DRAW: Readonly<Record<FaultKind, (draws: Draws, setting: Setting, atMs: number) => Step>> = {
  ask: (draws, setting, atMs) => ({ kind: 'ask', atMs, view: viewOf(draws, setting) }),
  batch: (draws, _setting, atMs) => ({ kind: 'batch', atMs, full: draws.chance(0.3) }),
  verify: (_draws, _setting, atMs) => ({ kind: 'verify', atMs }),
  rollback: (draws, setting, atMs) => ({ kind: 'rollback', atMs, view: viewOf(draws, setting) }),
  watch: (draws, setting, atMs) => ({ kind: 'watch', atMs, view: viewOf(draws, setting) }),
  attack: (draws, setting, atMs) => ({
    kind: 'attack',
    atMs,
    attack: draws.below(ATTACKS.length),
    agent: draws.pick(setting.agents),
    holdsMs: draws.pick([0, 1_000, 60_000]),
  }),
  intrude: (draws, _setting, atMs) => ({ kind: 'intrude', atMs, holdsMs: draws.pick([100, 10_000]) }),
  stall: (draws, _setting, atMs) => ({ kind: 'stall', atMs, forMs: draws.between(1_000, 60_000) }),
  redefine: (draws, setting, atMs) => {
    const view = viewOf(draws, setting);
    const { metric } = setting.views[view]!;
    return { kind: 'redefine', atMs, view, definition: drawDefinition(draws, setting, metric) };
  },
  resend: (draws, setting, atMs) => ({
    kind: 'resend',
    atMs,
    agent: draws.pick(setting.agents),
    metric: draws.pick(Object.keys(setting.metrics)),
    send: draws.pick(['panes', 'readings', 'adaptive']),
  }),
  kill: (draws, setting, atMs) => ({ kind: 'kill', atMs, machine: machineOf(draws, setting), downMs: downMs(draws) }),
  'kill-at-write': (draws, setting, atMs) => ({
    kind: 'kill-at-write',
    atMs,
    machine: machineOf(draws, setting),
    write: draws.between(1, draws.chance(0.5) ? 5 : 40),
    when: draws.pick(['before', 'after']),
    downMs: downMs(draws),
  }),
  replace: (draws, setting, atMs) => ({ kind: 'replace', atMs, agent: draws.pick(setting.agents) }),
  restart: (draws, setting, atMs) => ({ kind: 'restart', atMs, machine: machineOf(draws, setting) }),
  power: (draws, setting, atMs) => ({ kind: 'power', atMs, machine: machineOf(draws, setting), downMs: downMs(draws) }),
  cut: (draws, setting, atMs) => ({
    kind: 'cut',
    atMs,
    between: linkOf(draws, setting),
    forMs: draws.between(100, 60_000),
  }),
  reset: (draws, setting, atMs) => ({ kind: 'reset', atMs, between: linkOf(draws, setting) }),
  delay: (draws, setting, atMs) => ({
    kind: 'delay',
    atMs,
    between: linkOf(draws, setting),
    forMs: draws.between(1_000, 30_000),
    delayMs: draws.pick([20, 300, 3_000]),
  }),
  tear: (draws, setting, atMs) => ({
    kind: 'tear',
    atMs,
    between: linkOf(draws, setting),
    forMs: draws.between(1_000, 30_000),
  }),
  meddle: (draws, setting, atMs) => ({
    kind: 'meddle',
    atMs,
    agent: draws.pick(setting.agents),
    forMs: draws.between(5_000, 40_000),
    how: draws.pick(['drop', 'repeat', 'swap']),
  }),
  'disk-fails': (draws, setting, atMs) => ({
    kind: 'disk-fails',
    atMs,
    machine: machineOf(draws, setting),
    forMs: draws.between(1, 10_000),
    code: draws.pick(['ENOSPC', 'EIO']),
    leaves: draws.pick(['nothing', 'half', 'all']),
  }),
  restore: (draws, setting, atMs) => ({
    kind: 'restore',
    atMs,
    machine: machineOf(draws, setting),
    ageMs: Math.min(atMs, draws.between(100, 30_000)),
  }),
  clock: (draws, setting, atMs) => ({
    kind: 'clock',
    atMs,
    machine: machineOf(draws, setting),
    byMs: draws.between(-100_000, 100_000),
  }),
  rotate: (draws, setting, atMs) => ({ kind: 'rotate', atMs, agent: draws.pick(setting.agents) }),
  retire: (draws, setting, atMs) => ({ kind: 'retire', atMs, agent: draws.pick(setting.agents) }),
  'hand-over': (draws, setting, atMs) => ({
    kind: 'hand-over',
    atMs,
    agent: draws.pick(setting.agents),
    to: draws.pick(setting.agents),
  }),
  'hold-back': (draws, setting, atMs) => ({
    kind: 'hold-back',
    atMs,
    agent: draws.pick(setting.agents),
    outcome: draws.pick(['they come', 'given up', 'its disk is lost', 'their birth comes late']),
  }),
  redeclare: (draws, setting, atMs) => {
    const metric = draws.pick(Object.keys(setting.metrics).filter((name) => name !== STRANGE));
    const declared = drawRedeclared(draws, setting.metrics[metric]!);
    return { kind: 'redeclare', atMs, metric, declared, first: draws.pick(['both', 'agents', 'server']) };
  },
  foreign: (draws, setting, atMs) => ({
    kind: 'foreign',
    atMs,
    agent: draws.pick(setting.agents),
    series: draws.below(setting.series.length),
  }),
  'end-series': (draws, setting, atMs) => ({
    kind: 'end-series',
    atMs,
    series: drawEnded(draws, setting),
    restarts: draws.chance(0.5),
  }),
  'new-view': (draws, setting, atMs) => {
    const { metric } = setting.views[viewOf(draws, setting)]!;
    return {
      kind: 'new-view',
      atMs,
      view: `${metric}-since-${Math.floor(atMs)}`,
      definition: drawDefinition(draws, setting, metric),
    };
  },
  'lose-folder': (draws, setting, atMs) => ({
    kind: 'lose-folder',
    atMs,
    machine: machineOf(draws, setting),
    forMs: draws.between(2_000, 20_000),
  }),
  'restore-log': (draws, _setting, atMs) => ({
    kind: 'restore-log',
    atMs,
    ageMs: Math.min(atMs, draws.between(100, 30_000)),
    archiveToo: draws.chance(0.3),
  }),
  'slow-disk': (draws, setting, atMs) => ({
    kind: 'slow-disk',
    atMs,
    machine: machineOf(draws, setting),
    forMs: draws.between(1_000, 20_000),
    slowness: draws.pick([10, 100]),
  }),
  rewrite: (draws, setting, atMs) => ({
    kind: 'rewrite',
    atMs,
    agent: draws.pick(setting.agents),
    downMs: downMs(draws),
    inPlace: draws.chance(0.5),
  }),
  mistake: (draws, setting, atMs) => {
    const metric = draws.pick(Object.keys(setting.metrics).filter((name) => name !== STRANGE));
    const change = drawMistake(draws, setting.metrics[metric]!);
    return { kind: 'mistake', atMs, metric, change, ...(draws.chance(0.5) ? {} : { by: draws.pick(setting.agents) }) };
  },
};

/** The kinds of faults that there are. */
export const FAULT_KINDS = Object.keys(DRAW) as FaultKind[];

function drawDefinition(draws: Draws, setting: Setting, metric: string): PlannedView {
  const by = draws.pick([[], ['region'], ['device'], ['region', 'device']]);
  const slice = draws.pick(slicesOf(setting.metrics[metric]!));
  return draws.chance(0.3) ? { metric, by, slice, where: { region: ['south'] } } : { metric, by, slice };
}

function viewOf(draws: Draws, setting: Setting): string {
  return draws.pick(Object.keys(setting.views).filter((name) => name !== STRANGE));
}

function machineOf(draws: Draws, setting: Setting): string {
  return draws.chance(0.5) ? SERVER : draws.pick(setting.agents);
}

function linkOf(draws: Draws, setting: Setting): Pair {
  const agent = draws.pick(setting.agents);
  return draws.chance(0.7) ? [agent, SERVER] : [sensorOf(agent), agent];
}

function downMs(draws: Draws): number {
  return draws.chance(0.7) ? draws.between(1, 2_000) : draws.between(2_000, 60_000);
}

/** Often one that is read from a file, which may be all that a source has. */
function drawEnded(draws: Draws, { series }: Setting): number {
  const ofFiles = [...series.keys()].filter((one) => series[one]!.by === 'file');
  return ofFiles.length > 0 && draws.chance(0.5) ? draws.pick(ofFiles) : draws.below(series.length);
}
