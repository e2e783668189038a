import type { Step } from '../plan/plan.ts';
import { sendClosingReadings } from './closing.ts';
import { request, settle } from './settle.ts';
import type { World } from './world.ts';

/**
 * A person says that nothing more is expected of a series, when all has come to rest, and it says nothing more: of a file, of none that it
 * holds. Its agent hears of it at once, or at its next start. Gives why the world doesn't come to rest, or undefined.
 */
export async function endSeries(
  world: World,
  { series, restarts = false }: Extract<Step, { kind: 'end-series' }>,
): Promise<string | undefined> {
  const now = world.seriesNow(series);
  const { agent, by } = world.series[now]!;
  if (world.setBack.has(agent) || !hasSpoken(world, now)) return undefined;
  const meant = by === 'http' ? [now] : seriesOfFile(world, agent);
  for (const one of meant) {
    const refusal = await order(world, one);
    if (refusal !== undefined) return refusal;
  }
  if (by === 'file') world.count('all series of a source are ended');
  if (restarts) world.supervisedEdge(agent).restart();
  await world.platform.scheduler.runTo(world.platform.scheduler.nowMs + SILENT_MS);
  sendClosingReadings(world);
  // Where nothing is left to say, an agent tells whole minutes as they pass.
  await world.platform.scheduler.runTo(world.platform.scheduler.nowMs + SILENT_MS);
  return settle(world);
}

async function order(world: World, series: number): Promise<string | undefined> {
  const { agent, metric, device, tags } = world.series[series]!;
  const fromMs = Math.floor(world.closedMs);
  world.trace.say('operator', `ends the series ${metric} of ${device}`);
  const body = JSON.stringify({ metric, device, tags, from: new Date(fromMs).toISOString() });
  const reply = await request(world, 'POST', `/api/v1/agents/${agent}/end-series`, body);
  if (reply?.status !== 200) return `series ${metric} of ${device} can't be ended: ${reply?.status} ${reply?.text}`;
  world.count('a series is ended');
  world.endedMs.set(series, fromMs);
  return undefined;
}

/** The series that an agent reads from its file now, as far as they have spoken. */
function seriesOfFile(world: World, agent: string): readonly number[] {
  const present = world.plan.setting.series.map((_, series) => world.seriesNow(series));
  return present.filter((one) => {
    const { agent: of, by } = world.series[one]!;
    return of === agent && by === 'file' && hasSpoken(world, one);
  });
}

function hasSpoken(world: World, series: number): boolean {
  return world.taken.some((one) => one.series === series);
}

/** Longer than the widest slice but one, so that windows end in which the series is silent. */
const SILENT_MS = 90_000;
