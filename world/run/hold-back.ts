import { truthKey } from '#simulators/truth/truth.ts';
import { type PlannedReading, SERVER, type Step, STRANGE } from '../plan/plan.ts';
import { countOf } from '../truth/answer.ts';
import { expectedSlices } from '../truth/expected.ts';
import { askFor, withoutFaults } from './check.ts';
import { sendClosingReadings } from './closing.ts';
import { frameBarrier } from './meddle.ts';
import { goOn, loseDisk } from './replace.ts';
import { get, request, settle } from './settle.ts';
import type { World } from './world.ts';

/** A few heartbeats, after readings have been put into frames. */
const HEARD_OF_MS = 20_000;

/** How far before its first reading a missing frame may tell what a gauge held. */
const REACH_MS = 3 * 60_000;

interface Range {
  readonly incarnation: number;
  readonly from: number;
  readonly to: number;
}

interface ToldGaps {
  readonly agent: string;
  readonly missing: readonly Range[];
  readonly lostCount: number;
}

/**
 * When all has come to rest, frames of a gateway don't come of which the server has heard: the ledger has to name as many
 * numbers as are missing, and nothing that lacks them may say that it is complete or final. Then they come at last, are given
 * up, or are lost with the gateway's disk. Gives why the world doesn't come to rest, or undefined.
 */
export async function holdBackFrames(
  world: World,
  { agent, outcome }: Extract<Step, { kind: 'hold-back' }>,
): Promise<string | undefined> {
  const { scheduler, network } = world.platform;
  const settledBefore = await settledWindows(world);
  const what = outcome === 'their birth comes late' ? 'births' : 'frames';
  world.trace.say('network', `lets no ${what} of ${agent} pass`);
  world.meddlers.set(agent, () => frameBarrier(what));
  network.reset(agent, SERVER);
  // With a start come births.
  if (what === 'births') world.supervised(agent).restart();
  await scheduler.runTo(scheduler.nowMs + HEARD_OF_MS);
  const takenBefore = world.taken.length;
  sendClosingReadings(world);
  await scheduler.runTo(scheduler.nowMs + HEARD_OF_MS);
  const missing = await checkMissing(world, agent);
  await checkNothingSettled(world, agent);
  // What waits for a birth may be of any time.
  if (what === 'frames') await checkStillSettled(world, settledBefore);
  if (missing.length > 0) world.count('frames that are known are missing');
  if (outcome === 'given up') await giveUp(world, agent, missing);
  world.trace.say('network', outcome === 'its disk is lost' ? 'is sound again' : `lets frames of ${agent} pass again`);
  if (outcome !== 'its disk is lost') {
    world.meddlers.delete(agent);
    network.reset(agent, SERVER);
    if (missing.length > 0 && outcome === 'they come') world.count('frames that are missing come at last');
    if (missing.length > 0 && what === 'births') world.count('frames wait for their birth');
    return settle(world);
  }
  const refused = await loseDisk(world, agent);
  world.meddlers.delete(agent);
  network.reset(agent, SERVER);
  loseReadings(world, agent, takenBefore);
  if (missing.length > 0) {
    world.lossy.add(agent);
    world.count('frames that are missing are lost with their gateway');
  }
  const unsettled = refused ?? (await goOn(world));
  const { lostCount } = await gapsOf(world, agent);
  if (lostCount !== sizeOf(missing))
    world.break(`the ledger says that ${lostCount} frames of ${agent} are lost, not ${sizeOf(missing)}`);
  return unsettled;
}

/** What the gateway had taken last is nowhere any more. */
function loseReadings(world: World, agent: string, takenBefore: number): void {
  const isLost = ({ series }: PlannedReading): boolean => world.series[series]!.agent === agent;
  const kept = world.taken.slice(takenBefore).filter((reading) => !isLost(reading));
  world.taken.splice(takenBefore, world.taken.length, ...kept);
}

async function checkMissing(world: World, agent: string): Promise<readonly Range[]> {
  const unsent = world.edges.get(agent)!.process?.unsent() ?? 0;
  const { missing } = await gapsOf(world, agent);
  if (sizeOf(missing) !== unsent)
    world.break(
      `the ledger misses ${JSON.stringify(missing)} of ${agent}, which has ${unsent} frames that did not come`,
    );
  return missing;
}

/** No window that lacks a reading says that it has all. */
async function checkNothingSettled(world: World, agent: string): Promise<void> {
  for (const [name, view] of Object.entries(world.setting.views)) {
    if (name === STRANGE) continue;
    const truth = expectedSlices(world.setting, world.series, view, world.taken);
    for (const window of (await askFor(world, name, view.slice))?.windows ?? []) {
      const { start, tags, final, completeness } = window;
      const group = view.by.map((tag) => tags[tag]!);
      const whole = truth.get(truthKey(group, Date.parse(start)));
      const lacks = Number(whole?.count ?? 0n) - countOf(window);
      if (lacks > 0 && (final || Number(completeness) === 1))
        world.break(
          `view ${name} says that the window of ${start} is settled, which lacks ${lacks} readings of ${agent}`,
        );
    }
  }
}

/** The windows of all views that are complete and final, by what names them, with their ends. */
async function settledWindows(world: World): Promise<ReadonlyMap<string, number>> {
  const settled = new Map<string, number>();
  for (const [name, view] of Object.entries(world.setting.views)) {
    if (name === STRANGE) continue;
    for (const { start, end, tags, final, completeness } of (await askFor(world, name, view.slice))?.windows ?? [])
      if (final && Number(completeness) === 1) settled.set(JSON.stringify([name, start, tags]), Date.parse(end));
  }
  return settled;
}

/** What is missing is known to be of the last minutes: whatever ended long before it is as settled as it was. */
async function checkStillSettled(world: World, before: ReadonlyMap<string, number>): Promise<void> {
  const now = await settledWindows(world);
  const lastMs = world.closedMs - REACH_MS;
  for (const [window, endMs] of before)
    if (endMs < lastMs && !now.has(window))
      world.break(`${window} is settled no longer, though nothing of it is missing`);
}

async function giveUp(world: World, agent: string, missing: readonly Range[]): Promise<void> {
  for (const range of missing) {
    const reply = await request(world, 'POST', `/api/v1/agents/${agent}/give-up`, JSON.stringify(range));
    if (reply?.status !== 200) world.break(`frames of ${agent} can't be given up: ${reply?.status} ${reply?.text}`);
  }
  if (missing.length === 0) return;
  world.count('frames that are missing are given up');
  const gaps = await gapsOf(world, agent);
  if (gaps.missing.length > 0 || gaps.lostCount !== sizeOf(missing))
    world.break(`the ledger says ${JSON.stringify(gaps)} after ${JSON.stringify(missing)} was given up`);
  world.lossy.add(agent);
  for (const [name, view] of Object.entries(world.setting.views)) {
    const answer = name === STRANGE ? undefined : await askFor(world, name, view.slice);
    for (const fault of answer === undefined ? [] : withoutFaults(world, view, answer))
      world.break(`view ${name}: ${fault}`);
  }
  // What comes nevertheless counts.
  world.lossy.delete(agent);
}

async function gapsOf(world: World, agent: string): Promise<ToldGaps> {
  const text = (await get(world, '/api/v1/ledger')) ?? '{"ledgers":[]}';
  const { ledgers } = JSON.parse(text) as { ledgers: readonly ToldGaps[] };
  return ledgers.find((one) => one.agent === agent) ?? { agent, missing: [], lostCount: 0 };
}

function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}
