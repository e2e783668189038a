import type { PlannedReading } from '../plan/plan.ts';
import { spanMs } from '../truth/span.ts';
import type { World } from './world.ts';

/**
 * One last reading of every series, once the faults are over: it moves the watermarks past all that came before, so that
 * what is final can be told.
 */
export function sendClosingReadings(world: World): void {
  const { setting, startsAtMs } = world.plan;
  const nowMs = startsAtMs + world.platform.scheduler.nowMs;
  world.closedMs = nowMs;
  for (const agent of setting.agents) {
    const readings: PlannedReading[] = setting.series.flatMap((one, series) => {
      if (world.series[world.seriesNow(series)]!.agent !== agent) return [];
      const intervalMs = spanMs(setting.metrics[one.metric]!.interval);
      return [{ series, timeMs: Math.ceil(nowMs / intervalMs) * intervalMs, value: 1 }];
    });
    if (readings.length > 0) world.send(agent, readings);
  }
}
