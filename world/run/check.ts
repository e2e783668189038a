import { INTRUDER } from '../cast/intruder.ts';
import { SILENCE_MS } from '../cast/watcher.ts';
import { type PlannedView, STRANGE } from '../plan/plan.ts';
import { readAnswer, type ToldAnswer, type ToldWindow } from '../truth/answer.ts';
import { differences, type Known, type Spanned, statsAsked } from '../truth/compare.ts';
import { completenessFaults } from '../truth/completeness.ts';
import { type Doubt, isDoubted, isOf, undoubted } from '../truth/doubt.ts';
import { expectedSlices } from '../truth/expected.ts';
import { finalityFaults, heldMsOf } from '../truth/finality.ts';
import { forgetfulFaults, uncheckedOf } from '../truth/forgetful.ts';
import { QUANTILE, quantileFaults } from '../truth/quantiles.ts';
import { get, request } from './settle.ts';
import type { World } from './world.ts';

const DAY_MS = 86_400_000;

/** Everything that holds once a world has settled; the first thing that doesn't breaks it. */
export async function checkSettled(world: World): Promise<void> {
  // What is lost shows in the ledger first, by its name.
  const doubts = await checkLedger(world);
  await checkAnswers(world, doubts, 'once all has settled');
  await checkWatchers(world);
  await checkTotals(world);
  await operate(world, '/api/v1/batch', '{}');
  await checkAnswers(world, doubts, 'after a batch run');
  const verified = (await operate(world, '/api/v1/verify')) as { readonly different?: number } | undefined;
  if (verified?.different !== 0) world.break(`verify says ${JSON.stringify(verified)}`);
  // One world in four: it costs as much as all the rest.
  if (world.plan.seed % 4 !== 0) return;
  await operate(world, '/api/v1/batch', '{"full":true}');
  await checkAnswers(world, doubts, 'after a full batch run');
}

async function checkAnswers(world: World, doubts: readonly Doubt[], when: string): Promise<void> {
  for (const name of Object.keys(world.setting.views)) {
    if (world.broken !== undefined) return;
    if (name === STRANGE) continue;
    const { slice } = world.setting.views[name]!;
    const found = [...((await faultsOf(world, name, slice, doubts)) ?? ['it is not answered'])];
    found.push(...((await faultsOf(world, name, WIDE_WINDOW, doubts)) ?? []), ...(await filterFaults(world, name)));
    if (found.length > 0) world.break(`view ${name} ${when}: ${found.slice(0, 3).join('; ')} (${found.length} in all)`);
  }
}

/** What is wrong about the windows of a view, of one size; undefined where there is no answer. */
async function faultsOf(
  world: World,
  name: string,
  window: string,
  doubts: readonly Doubt[],
): Promise<readonly string[] | undefined> {
  const { setting } = world;
  const asked = setting.views[name]!;
  const view = { ...asked, slice: window };
  const answer = await askFor(world, name, window);
  if (answer === undefined) return undefined;
  const told = answer.windows;
  const { windows, doubted, faults } = undoubted(doubts, world.series, asked, told);
  if (doubted.length > 0) world.count('a window is doubted');
  const isKnown = (one: Spanned): boolean => !isOfSetBack(world, asked, one);
  const judged = windows.filter((one) => isKnown(one) && !isBehindRetired(world, asked, one));
  // What is held at a window's end may be doubted behind it.
  const heldMs = heldMsOf(setting, asked);
  const settled = judged.filter((one) => !isDoubted(doubts, world.series, asked, one, heldMs));
  // Nothing is counted twice but where that is said.
  const knownOf = (one: Spanned): Known =>
    isKnown(one)
      ? 'all'
      : doubted.some(({ start, tags }) => start === one.start && tags === one.tags)
        ? 'nothing'
        : 'count';
  return [
    ...faults,
    ...withoutFaults(world, asked, answer),
    ...valueFaults(world, view, told, knownOf),
    ...(window === asked.slice ? finalityFaults(setting, asked, settled, world.closedMs) : []),
    // What was promised, and when, is another thing before and after a metric is declared otherwise.
    ...(world.redeclared?.metric === asked.metric || forgets(world, asked)
      ? []
      : completenessFaults(setting, world.series, asked, world.taken, judged, world.endedMs)),
  ];
}

/** Whether agents forget what they took of the metric of a view. */
function forgets({ setting }: World, { metric }: PlannedView): boolean {
  return setting.metrics[metric]!.repeatHorizon !== undefined;
}

/** Where windows of a view, as told, differ from the truth. */
function valueFaults(
  world: World,
  view: PlannedView,
  told: readonly ToldWindow[],
  knownOf: (window: Spanned) => Known,
): readonly string[] {
  const { setting, series, taken, redeclared } = world;
  const metric = setting.metrics[view.metric]!;
  const truth = expectedSlices(setting, series, view, taken, redeclared);
  if (forgets(world, view)) {
    for (const one of told) if (uncheckedOf(one) > 0) world.count('a reading comes that its journal has forgotten');
    return forgetfulFaults(truth, told, view, knownOf);
  }
  const faults = differences(truth, told, view, metric, knownOf);
  if (!metric.quantiles) return faults;
  const known = told.filter((one) => knownOf(one) === 'all');
  const found = quantileFaults(metric, series, view, taken, redeclared, known);
  if (found.told > 0) world.count('a quantile is told');
  if (found.unwished > 0) world.count('a window has readings from before quantiles were wished for');
  return [...faults, ...found.faults];
}

/** A filter leaves windows out, and no window is another by it. */
async function filterFaults(world: World, name: string): Promise<readonly string[]> {
  const { by, slice } = world.setting.views[name]!;
  const [tag] = by;
  const all = tag === undefined ? undefined : await askFor(world, name, slice);
  const value = all?.windows[0]?.tags[tag!];
  if (all === undefined || value === undefined) return [];
  const some = await askFor(world, name, slice, `&${tag}=${encodeURIComponent(value)}`);
  const expected = all.windows.filter(({ tags }) => tags[tag!] === value);
  const isSame = JSON.stringify(some?.windows) === JSON.stringify(expected);
  return isSame ? [] : [`its windows are others where ${tag} is asked to be ${value}`];
}

/** Of an agent that was taken away, or has lost something for good, answers say that they do without it. */
export function withoutFaults(world: World, view: PlannedView, { without = [], windows }: ToldAnswer): string[] {
  return [...world.retired.keys(), ...world.lossy].flatMap((agent) => {
    if (!windows.some(({ tags }) => isOf(agent, world.series, view, tags))) return [];
    if (world.retired.has(agent)) world.count('an answer names a retired gateway');
    return without.includes(agent) ? [] : [`it does not say that it does without ${agent}`];
  });
}

/** Whether a window lasts longer than an agent was there that promised readings for it. */
function isBehindRetired(world: World, view: PlannedView, { end, tags }: Spanned): boolean {
  return [...world.retired].some(
    ([agent, lastMs]) => Date.parse(end) >= lastMs - LAST_WORDS_MS && isOf(agent, world.series, view, tags),
  );
}

/** Longer than any source waits for readings, and an interval. */
const LAST_WORDS_MS = 60_000;

/** Whether a window is one of which an agent has forgotten something: what is right then, nobody but the sources could tell. */
function isOfSetBack(world: World, view: PlannedView, { end, tags }: Spanned): boolean {
  for (const [agent, fromMs] of world.setBack)
    if (Date.parse(end) > fromMs && isOf(agent, world.series, view, tags)) return true;
  return false;
}

/** A window that is made of many slices, of every view. */
const WIDE_WINDOW = '1h';

/** All windows of a view, of one size; undefined where there is no answer. */
export async function askFor(world: World, name: string, window: string, more = ''): Promise<ToldAnswer | undefined> {
  const { startsAtMs } = world.plan;
  const metric = world.setting.metrics[world.setting.views[name]!.metric]!;
  const stats = metric.quantiles ? `${statsAsked(metric)},${QUANTILE}` : statsAsked(metric);
  const from = new Date(startsAtMs - 40 * DAY_MS).toISOString();
  const to = new Date(startsAtMs + 40 * DAY_MS).toISOString();
  const text = await get(
    world,
    `/api/v1/views/${name}/windows?from=${from}&to=${to}&window=${window}&stats=${stats}${more}`,
  );
  return text === undefined ? undefined : readAnswer(text);
}

/** Who has followed the stream holds what it would be told if it asked now. */
async function checkWatchers(world: World): Promise<void> {
  const { setting } = world;
  const { scheduler } = world.platform;
  if (world.watchers.length > 0) await scheduler.runTo(scheduler.nowMs + 3 * SILENCE_MS);
  for (const watcher of world.watchers) {
    const { view: name, window } = watcher.watched;
    const view = setting.views[name]!;
    // Who asked for other windows than there are slices now keeps them, but they are not the slices.
    if (view.slice !== window || forgets(world, view)) continue;
    const knownOf = (one: Spanned): Known => (isOfSetBack(world, view, one) ? 'nothing' : 'all');
    if (watcher.told > 0) world.count('a stream is told');
    if (watcher.resumed > 0) world.count('a stream is resumed');
    const truth = expectedSlices(setting, world.series, view, world.taken, world.redeclared);
    const found = differences(truth, watcher.windows, view, setting.metrics[view.metric]!, knownOf);
    if (found.length > 0)
      world.break(`who followed the stream of ${name}: ${found.slice(0, 3).join('; ')} (${found.length} in all)`);
  }
}

interface ToldLedger {
  readonly agent: string;
  readonly holes: boolean;
  readonly missing: readonly object[];
  readonly arrived: number;
  readonly quarantined: number;
  readonly parked: number;
  readonly forks: number;
  readonly doubted: readonly { readonly from: string; readonly to: string }[];
}

/** Gives the event time that is doubted. */
async function checkLedger(world: World): Promise<readonly Doubt[]> {
  const text = await get(world, '/api/v1/ledger');
  if (text === undefined) {
    world.break('the ledger is not answered');
    return [];
  }
  const { setting } = world.plan;
  const { ledgers } = JSON.parse(text) as { ledgers: readonly ToldLedger[] };
  for (const one of ledgers) {
    if (!setting.agents.includes(one.agent)) {
      if (one.agent === INTRUDER && one.arrived > world.soundIntrusions)
        world.break(
          `${one.arrived} frames of an intruder have arrived, but ${world.soundIntrusions} hold what they say`,
        );
      if (one.arrived > 1) world.count('a frame of an intruder is folded');
      if (one.quarantined > 0) world.count('a frame of an intruder is refused');
      continue;
    }
    if ((one.holes && one.doubted.length === 0) || one.missing.length > 0)
      world.break(`the ledger misses frames of ${one.agent}: ${JSON.stringify(one.missing)}`);
    const refused = world.refused.has(one.agent) ? 0 : one.quarantined;
    if (one.parked + one.forks + refused > 0) world.break(`the ledger says ${JSON.stringify(one)}`);
  }
  return ledgers.flatMap(({ agent, doubted }) =>
    doubted.map(({ from, to }) => ({ agent, fromMs: Date.parse(from), toMs: Date.parse(to) })),
  );
}

async function checkTotals(world: World): Promise<void> {
  const distinct = new Map<string, Set<string>>();
  const present = new Set(world.plan.setting.series.map((_, series) => world.seriesNow(series)));
  for (const { series, timeMs } of world.taken) {
    const { agent } = world.series[series]!;
    // An agent counts since it began anew.
    if (!present.has(series)) continue;
    const seen = distinct.get(agent) ?? new Set();
    distinct.set(agent, seen.add(`${series}/${timeMs}`));
  }
  for (const [agent, { process }] of world.edges) {
    if (process === undefined || world.setBack.has(agent)) continue;
    const totals = process.totals();
    const { readings, counted, repeats, amended, missing, quarantined } = totals;
    if (readings !== counted + repeats + amended + missing + quarantined)
      world.break(`the totals of ${agent} don't add up: ${JSON.stringify(totals)}`);
    const expected = distinct.get(agent)?.size ?? 0;
    if (totals.refused !== world.inVainOf(agent))
      world.break(`${agent} has ${totals.refused} readings that the server has refused`);
    const isRight = counted >= expected && counted <= expected + totals.unchecked;
    if (!isRight) world.break(`${agent} counted ${counted} readings, and has taken ${expected}`);
  }
}

/** Starts an operation and gives its result; undefined where it failed. */
export async function operate(world: World, path: string, body?: string): Promise<unknown> {
  const reply = await request(world, 'POST', path, body);
  const lines = (reply?.text ?? '').split('\n').filter((line) => line !== '');
  const last = lines.length === 0 ? undefined : (JSON.parse(lines.at(-1)!) as { result?: unknown; problem?: unknown });
  if (last?.result === undefined)
    world.break(`${path} failed: ${reply === undefined ? 'no answer' : `${reply.status} ${reply.text.slice(0, 300)}`}`);
  return last?.result;
}
