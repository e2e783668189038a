import type { Logger } from 'pino';
import { startEdge } from '#cli/compose/edge.ts';
import type { AgentTotals } from '#edge-agent/commit/agent-state.ts';
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
  const running = await startEdge({
    agent: config.agent!,
    metrics: config.metrics,
    folder: '/',
    logger,
    sources: Object.entries(config.sources),
  });
  // Sources that are listened at don't end but by being stopped, which is no failure.
  const failed = running.ended.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  return {
    failed,
    stop: () => running[Symbol.asyncDispose](),
    totals: () => running.totals(),
    unsent: () => running.unsent(),
    fullness: () => running.fullness(),
  };
}
