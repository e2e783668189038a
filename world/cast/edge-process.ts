import type { Logger } from 'pino';
import { startEdge, type RunningEdge } from '#cli/compose/edge.ts';
import { openSource } from '#cli/edge/open-sources.ts';
import type { AgentTotals } from '#edge-agent/agent/totals.ts';
import type { Setting } from '../plan/plan.ts';
import type { RunningProcess } from './supervised.ts';
import { weirConfig } from './weir-config.ts';

export interface EdgeProcess extends RunningProcess {
  totals(): AgentTotals;
  unsent(): number;
}

/** `weir edge`, as far as it isn't the command line's. */
export async function startEdgeProcess(setting: Setting, agent: string, logger: Logger): Promise<EdgeProcess> {
  const config = weirConfig(setting, agent);
  const running: RunningEdge = await startEdge({
    agent: config.agent!,
    metrics: config.metrics,
    folder: '/',
    logger,
    sources: (around) =>
      Promise.resolve(Object.entries(config.sources).map(([name, source]) => openSource(name, source, around))),
  });
  // Sources that are listened at don't end but by being stopped, which is no failure.
  const failed = running.ended.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  return {
    failed,
    stop: () => running.stop(),
    totals: () => running.totals(),
    unsent: () => running.unsent(),
  };
}
