import type { PlannedReading } from '../plan/plan.ts';
import { spanMs } from '../truth/span.ts';
import type { World } from './world.ts';

/**
 * One last reading of every series, once the faults are over: it moves the watermarks past all that came before, so that
 * what is final can be told.
 */
export function sendClosingReadings(world: World): void {
  const { setting, startsAtMs } = world.plan;
  world.closedMs = startsAtMs + world.platform.scheduler.nowMs;
  for (const agent of setting.agents) {
    const readings = closingReadings(world, agent);
    if (readings.length > 0) world.send(agent, readings);
  }
}

/** A reading of now of each series that is an agent's, unless it has ended. */
export function closingReadings(world: World, agent: string): readonly PlannedReading[] {
  const { setting, startsAtMs } = world.plan;
  const nowMs = startsAtMs + world.platform.scheduler.nowMs;
  return setting.series.flatMap((one, series) => {
    const now = world.seriesNow(series);
    if (world.series[now]!.agent !== agent || world.endedMs.has(now)) return [];
    const intervalMs = spanMs(setting.metrics[one.metric]!.interval);
    return [{ series, timeMs: Math.ceil(nowMs / intervalMs) * intervalMs, value: 1 }];
  });
}
