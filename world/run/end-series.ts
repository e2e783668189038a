import type { Step } from '../plan/plan.ts';
import { sendClosingReadings } from './closing.ts';
import { request, settle } from './settle.ts';
import type { World } from './world.ts';

/**
 * A person says that nothing more is expected of a series, when all has come to rest, and it says nothing more. Gives why the
 * world doesn't come to rest, or undefined.
 */
export async function endSeries(
  world: World,
  { series }: Extract<Step, { kind: 'end-series' }>,
): Promise<string | undefined> {
  const now = world.seriesNow(series);
  const { agent, metric, device, tags } = world.series[now]!;
  if (world.setBack.has(agent) || !world.taken.some((one) => one.series === now)) return undefined;
  const fromMs = Math.floor(world.closedMs);
  world.trace.say('operator', `ends the series ${metric} of ${device}`);
  const body = JSON.stringify({ metric, device, tags, from: new Date(fromMs).toISOString() });
  const reply = await request(world, 'POST', `/api/v1/agents/${agent}/end-series`, body);
  if (reply?.status !== 200) return `series ${metric} of ${device} can't be ended: ${reply?.status} ${reply?.text}`;
  world.count('a series is ended');
  world.endedMs.set(now, fromMs);
  // The watermark of an agent stands where one of its sources has nothing to say any more, short of what gauges still hold.
  world.silent.set(agent, fromMs - HELD_MS_MAX);
  await world.platform.scheduler.runTo(world.platform.scheduler.nowMs + SILENT_MS);
  sendClosingReadings(world);
  return settle(world);
}

/** Longer than the widest slice but one, so that windows end in which the series is silent. */
const SILENT_MS = 90_000;

/** The longest that a gauge of a world holds. */
const HELD_MS_MAX = 120_000;
