import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { isLoopback } from '#core/wire/own-origin.ts';
import type { AgentTotals } from '#edge-agent/commit/agent-state.ts';
import { type EdgeAgent, startEdgeAgent } from '#edge-agent/edge-agent.ts';
import type { DeclaredSource } from '#edge-agent/sources/source-kind.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import type { LogFlag } from '../commands/flags.ts';
import { loadConfig } from '../config/load-config.ts';
import type { AgentConfig, WeirConfig } from '../config/schema.ts';
import { UserError } from '../failure.ts';
import { openLogger } from '../logger.ts';
import { stopSignal, type StopSignal, stopWithin } from '../stop-signal.ts';
import { writeOut } from '../terminal/output.ts';
import { ProgressBar } from '../terminal/progress-bar.ts';

/** How often the terminal is told how far the files have been read. */
const PROGRESS_MS = 200;

/** What `weir edge` is told. */
export interface EdgeFlags extends LogFlag {
  readonly config: string;
  readonly once?: true;
}

/** `weir edge`: runs an agent until its files are through (`--once`) or it is stopped. Throws what ends it early. */
export async function edge(flags: EdgeFlags): Promise<void> {
  const startMs = performance.now();
  const { config, folder, file } = await loadConfig(flags.config);
  const agent = agentOf(config, file);
  const logger = openLogger(flags.logLevel);
  const chosen = chooseSources(config, file, flags.once === true, logger);
  using stopping = stopSignal(logger);
  for (const [name, source] of chosen) await checkSource(name, source, config, folder);
  await using running = await startEdge({ agent, metrics: config.metrics, folder, logger, sources: chosen });
  if (flags.once === true) {
    await runOnce(running, stopping);
    await stopWithin(running[Symbol.asyncDispose](), logger);
    await writeOut(`${JSON.stringify(summaryOf(running.totals(), (performance.now() - startMs) / 1000))}\n`);
    const { refused } = running.totals();
    if (refused > 0) throw new UserError(refusedMessage(agent.id, refused));
  } else {
    await Promise.race([running.ended.then(() => stopping.asked), stopping.asked]);
    await stopWithin(running[Symbol.asyncDispose](), logger);
  }
}

/** The agent of a configuration. Throws UserError where there is none. */
export function agentOf(config: Pick<WeirConfig, 'agent'>, file: string): AgentConfig {
  if (config.agent !== undefined) return config.agent;
  throw new UserError(
    `${file} has no "agent" section; add one, like agent: { id: roof-1, broker: mqtt://127.0.0.1:1883 }`,
    { exitCode: 2 },
  );
}

/** What there is to do about readings that the server refused. */
export function refusedMessage(agent: string, refused: number): string {
  const readings = refused === 1 ? '1 reading' : `${refused} readings`;
  return `the server refused ${readings} of agent ${agent}, and holds them in quarantine; "weir quarantine" says why. Mend that, and run this again: what was refused is sent once more at each start`;
}

type NamedSource = readonly [name: string, source: DeclaredSource];

/** All sources of a configuration, or with `once` those that end. Throws UserError where there are none. */
export function chooseSources(
  config: Pick<WeirConfig, 'sources'>,
  file: string,
  once: boolean,
  logger: Logger,
): readonly NamedSource[] {
  const all = Object.entries(config.sources);
  if (all.length === 0)
    throw new UserError(`${file} has no "sources"; add one, or write a sample with "weir init"`, { exitCode: 2 });
  if (!once) return all;
  const finite = all.filter(([, { supports }]) => supports.nature === 'file');
  if (finite.length === 0)
    throw new UserError(`${file} has no source that ends, so --once would never end; leave --once out`, {
      exitCode: 2,
    });
  for (const [name, { supports }] of all)
    if (supports.nature === 'live')
      logger.info({ source: name }, 'left out: with --once only sources that end are read');
  return finite;
}

/**
 * Reads the beginning of a file before anything else happens, and looks at what a live source needs, so that one that is
 * missing, or isn't what the configuration says, is told before others have been read. Throws SourceError, UserError.
 */
export async function checkSource(
  name: string,
  source: Pick<DeclaredSource, 'supports' | 'open'>,
  { metrics }: Pick<WeirConfig, 'metrics'>,
  folder: string,
): Promise<void> {
  const opened = source.open(name, {
    metrics,
    folder,
    registry: new SeriesList(),
    stdin: () => process.stdin,
    nowMs: Date.now,
  });
  await opened.inspect?.();
  if (source.supports.nature === 'live' || !source.supports.resumes) return;
  for await (const _ of opened.batches(null, new AbortController().signal)) break;
}

/** What an agent is started with; relative paths start at `folder`. */
export interface EdgeOptions {
  readonly agent: AgentConfig;
  readonly metrics: WeirConfig['metrics'];
  readonly folder: string;
  readonly logger: Logger;
  readonly sources: Iterable<NamedSource>;
}

/** Starts an agent. Its state lives in `spool.dir`, by default `.weir/<agent id>` beside the configuration. */
export async function startEdge({ agent, metrics, folder, logger, sources }: EdgeOptions): Promise<EdgeAgent> {
  const { id, broker, spool, token, ca, tls } = agent;
  warnOfOpenToken(agent, logger);
  const dir = resolve(folder, spool.dir ?? `.weir/${id}`);
  await makeDirectory(dir).catch((error: unknown) => {
    throw new UserError(
      `the spool directory ${dir} can't be made (${String((error as NodeJS.ErrnoException).code)}); set agent.spool.dir to one that can be written`,
    );
  });
  return startEdgeAgent({
    id,
    broker,
    login: { token, ca, tls },
    spool: { ...spool, dir },
    metrics,
    sources,
    folder,
    stdin: () => process.stdin,
    nowMs: Date.now,
    random: Math.random,
    logger,
  });
}

function warnOfOpenToken({ broker, token }: AgentConfig, logger: Logger): void {
  if (token === undefined || /^(?:mqtts|wss):/.test(broker) || isLoopback(new URL(broker).hostname)) return;
  logger.warn({ broker }, 'the token crosses the network as it is; write mqtts:// or wss:// where the server has TLS');
}

async function runOnce(running: EdgeAgent, stopping: StopSignal): Promise<void> {
  const interrupted = stopping.asked.then(() => {
    throw new UserError(
      'stopped before everything was sent; what was read is in the spool, and the next run goes on from there',
    );
  });
  const drained = drainWithProgress(running);
  // Whichever loses the race has been heard of by the other.
  interrupted.catch(() => undefined);
  drained.catch(() => undefined);
  await Promise.race([drained, interrupted]);
}

async function drainWithProgress(running: EdgeAgent): Promise<void> {
  using bar = new ProgressBar();
  const startMs = performance.now();
  const first = running.totals();
  let doing = 'reading';
  const labelNow = (): string => {
    const seconds = (performance.now() - startMs) / 1000;
    return progressLabel(doing, { now: running.totals(), first, seconds, unsent: running.unsent() });
  };
  const timer = setInterval(() => bar.show({ label: labelNow(), done: 0 }), PROGRESS_MS);
  try {
    await running.ended;
    doing = 'waiting for the broker';
    await running.drain();
  } finally {
    clearInterval(timer);
  }
}

/** What an agent is doing, and how fast it has read since it was started. */
export function progressLabel(
  doing: string,
  {
    now,
    first,
    seconds,
    unsent,
  }: { readonly now: AgentTotals; readonly first: AgentTotals; readonly seconds: number; readonly unsent: number },
): string {
  const perSecond = Math.round((now.rows - first.rows) / Math.max(seconds, 0.001));
  return `${doing}: ${now.rows.toLocaleString('en')} rows, ${perSecond.toLocaleString('en')} rows/s, ${now.frames.toLocaleString('en')} frames, ${unsent} to send`;
}

/** The line that --once prints. */
export interface EdgeSummary extends Omit<AgentTotals, 'refused' | 'ambiguousTimes' | 'truncatedTimes'> {
  /** Readings at a local time that came twice and that nothing told apart. */
  readonly ambiguous: number;
  readonly seconds: number;
}

export function summaryOf(totals: AgentTotals, seconds: number): EdgeSummary {
  const { rows, readings, counted, repeats, amended, missing, quarantined, unchecked, frames, bytes } = totals;
  const rounded = Number(seconds.toFixed(3));
  const told = { rows, readings, counted, repeats, amended, missing, quarantined, unchecked };
  return { ...told, ambiguous: totals.ambiguousTimes, frames, bytes, seconds: rounded };
}
