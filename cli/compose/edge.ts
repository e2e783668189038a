import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { stringKey } from '#backbone/keys/order.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import { EdgeAgent } from '#edge-agent/agent/edge-agent.ts';
import { SourceRunner } from '#edge-agent/agent/source-runner.ts';
import type { AgentTotals } from '#edge-agent/agent/totals.ts';
import { type SourceOptions } from '#edge-agent/sources/open-source.ts';
import type { Source } from '#edge-agent/sources/source.ts';
import { Spool } from '#edge-agent/spool/spool.ts';
import { startUplink } from '#edge-agent/uplink/uplink.ts';
import type { AgentConfig, WeirConfig } from '../config/schema.ts';
import { UserError } from '../failure.ts';

export interface EdgeOptions {
  readonly agent: AgentConfig;
  readonly metrics: WeirConfig['metrics'];
  readonly folder: string;
  readonly logger: Logger;
  /** Opens the agent's sources, once the agent's dictionary can number their series. */
  readonly sources: (around: SourceOptions) => Promise<readonly Source[]>;
}

/** An agent that runs: its sources, its spool, its uplink. */
export interface RunningEdge extends AsyncDisposable {
  /** Ends when every source has ended; rejects when one fails. */
  readonly ended: Promise<void>;
  totals(): AgentTotals;
  /** Frames and reports that the broker has not acknowledged yet. */
  unsent(): number;
  /** After `ended`: waits until the broker has acknowledged everything, and says goodbye. */
  drain(signal: AbortSignal): Promise<void>;
  /** Stops the sources, keeps what is spooled for the next start. */
  stop(): Promise<void>;
}

/** Starts an agent. Its state lives in `spool.dir`, by default `.weir/<agent id>` beside the configuration. */
export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { agent: config, metrics, folder, logger } = options;
  await using stack = new AsyncDisposableStack();
  const dir = resolve(folder, config.spool.dir ?? `.weir/${config.id}`);
  await makeDirectory(dir).catch((error: unknown) => {
    throw new UserError(
      `the spool directory ${dir} can't be made (${String((error as NodeJS.ErrnoException).code)}); set agent.spool.dir to one that can be written`,
    );
  });
  const table = stack.use(await openEmbeddedTable({ dir }));
  const spool = await Spool.open(table, { bytesMax: config.spool.bytes, prefix: stringKey('spool') });
  const agent = await EdgeAgent.open({ id: config.id, table, spool, metrics });
  const stopping = new AbortController();
  const sources = await options.sources({
    metrics,
    registry: agent.dictionary,
    folder,
    stdin: () => process.stdin,
    nowMs: Date.now,
  });
  const runner = new SourceRunner({ agent, spool, sources, signal: stopping.signal, logger });
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => undefined);
  const uplink = startUplink({
    url: config.broker,
    agent: config.id,
    spool,
    heartbeat: () => agent.heartbeat(),
    logger,
    random: Math.random,
    onHead: (_head, verdict) => {
      if (verdict.kind === 'in-step') return;
      fatal.reject(new UserError(`agent ${config.id} stops: ${verdict.message}`));
      stopping.abort();
    },
    onVerdict: (refused) => logger.error(refused, 'the broker refused a frame; see "weir quarantine"'),
  });
  const ended = Promise.race([runner.run(), fatal.promise]);
  ended.catch(() => undefined);
  const owned = stack.move();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await runner.stopped();
    await uplink.stop();
    await owned.disposeAsync();
  };
  return {
    ended,
    totals: () => agent.totals,
    unsent: () => spool.unreleasedCount,
    drain: async (signal) => {
      await agent.close();
      await Promise.race([uplink.drain(signal), fatal.promise]);
    },
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}
