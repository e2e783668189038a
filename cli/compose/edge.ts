import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { type EdgeAgent, startEdgeAgent } from '#edge-agent/edge-agent.ts';
import type { DeclaredSource } from '#edge-agent/sources/source-kind.ts';
import type { AgentConfig, WeirConfig } from '../config/schema.ts';
import { UserError } from '../failure.ts';

export interface EdgeOptions {
  readonly agent: AgentConfig;
  readonly metrics: WeirConfig['metrics'];
  readonly folder: string;
  readonly logger: Logger;
  readonly sources: Iterable<readonly [name: string, source: DeclaredSource]>;
}

/** Starts an agent. Its state lives in `spool.dir`, by default `.weir/<agent id>` beside the configuration. */
export async function startEdge({ agent, metrics, folder, logger, sources }: EdgeOptions): Promise<EdgeAgent> {
  const { id, broker, spool } = agent;
  const dir = resolve(folder, spool.dir ?? `.weir/${id}`);
  await makeDirectory(dir).catch((error: unknown) => {
    throw new UserError(
      `the spool directory ${dir} can't be made (${String((error as NodeJS.ErrnoException).code)}); set agent.spool.dir to one that can be written`,
    );
  });
  return startEdgeAgent({
    id,
    broker,
    spool: { dir, bytes: spool.bytes },
    metrics,
    sources,
    folder,
    stdin: () => process.stdin,
    nowMs: Date.now,
    random: Math.random,
    logger,
  });
}
