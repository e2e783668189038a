import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Metric } from '#core/metrics/metric.ts';
import { type Duration, formatDuration, nominalMs } from '#core/time/duration.ts';
import { formatInstant } from '#core/time/instant.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { groupKey, groupOf, type View, viewAdmits } from '#core/views/view.ts';
import { SourceError } from '#edge-agent/sources/source-error.ts';
import type { DeclaredSource } from '#edge-agent/sources/source-kind.ts';
import { type SeriesDescription, SeriesList } from '#edge-agent/sources/source.ts';
import { formatFault, judgeConfig, type LoadedConfig } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';
import { UserError } from '../failure.ts';
import { asCalled, writeOut } from '../terminal/output.ts';
import {
  describePreview,
  NOTHING_SEEN,
  previewSource,
  type Seen,
  seenTogether,
  type SourcePreview,
} from './source-preview.ts';

/** What was found out about one source: its lines, whether it can be used as it is, and what it holds. */
interface Finding {
  readonly lines: readonly string[];
  readonly isUsable: boolean;
  readonly seen: Seen;
}

/**
 * `weir check`: prints the verdict on a configuration; gives whether it can be used. With `listen`, sources that don't end
 * are opened for so long, and what comes is looked at.
 */
export async function check(file: string, listen?: Duration): Promise<boolean> {
  const verdict = await judgeConfig(file);
  if (verdict.kind === 'faulty') {
    await writeOut(`${file} can't be used:\n${asCalled(verdict.faults.map(formatFault).join('\n'))}\n`);
    return false;
  }
  const { config } = verdict.loaded;
  const sources = await checkSources(verdict.loaded, listen);
  const seen = sources.reduce((all, finding) => seenTogether(all, finding.seen), NOTHING_SEEN);
  const isUsable = sources.every((finding) => finding.isUsable);
  const sections = [
    metricLines(config),
    agentLines(config),
    ...sources.map(({ lines }) => lines),
    ...config.views.map((view) => [...viewLines(view, seen.series), ...unknownTags(view, config, seen.series)]),
    ...(await storeSections(verdict.loaded)),
  ];
  await writeOut(`${sections.map((lines) => `${lines.join('\n')}\n`).join('')}\n`);
  await writeOut(
    isUsable
      ? `${file} can be used.\n${nextSteps(config, file, seen)}`
      : `${file} can't be used as it is: see above.\n`,
  );
  return isUsable;
}

/** What is kept elsewhere. The server alone needs the token, so where it is not here that is said, and no fault. */
async function storeSections({ config, folder }: LoadedConfig): Promise<readonly (readonly string[])[]> {
  const { influx } = config.stores;
  if (influx === undefined) return [];
  const { url, org, bucket, token } = influx;
  const count = config.views.length;
  const told = `store influx: the slices of ${count} view${count === 1 ? '' : 's'}, to bucket ${bucket} of ${org} at ${url}`;
  const isThere = await access(resolve(folder, token.file)).then(
    () => true,
    () => false,
  );
  return [[told, ...(isThere ? [] : [`  the server needs a token in ${token.file}, which is not here`])]];
}

async function checkSources(
  { config, folder }: LoadedConfig,
  listen: Duration | undefined,
): Promise<readonly Finding[]> {
  const checks = Object.entries(config.sources).map(
    ([name, source]) =>
      () =>
        checkSource(name, source, config, folder, listen),
  );
  // Those that are listened to are so all at the same time.
  if (listen !== undefined) return Promise.all(checks.map((run) => run()));
  const findings: Finding[] = [];
  for (const run of checks) findings.push(await run());
  return findings;
}

async function checkSource(
  name: string,
  source: DeclaredSource,
  { metrics }: WeirConfig,
  folder: string,
  listen: Duration | undefined,
): Promise<Finding> {
  const title = `source ${name}: ${source.kind}`;
  const options = { metrics, folder, stdin: () => process.stdin, nowMs: Date.now };
  const { nature, resumes, answers = false } = source.supports;
  // What comes through a pipe can be read once only, and is for `weir edge`.
  const isPipe = nature === 'file' && !resumes;
  try {
    if (isPipe || (nature === 'live' && listen === undefined && !answers)) {
      await source.open(name, { ...options, registry: new SeriesList() }).inspect?.();
      return { lines: [`${title}, ${source.description}`], isUsable: true, seen: NOTHING_SEEN };
    }
    const logger = nature === 'live' ? { logger: tellingOf(name) } : {};
    const signal = nature === 'live' && listen !== undefined ? AbortSignal.timeout(nominalMs(listen)) : undefined;
    const preview = await previewSource(
      (registry) => source.open(name, { ...options, ...logger, registry, isPreview: true }),
      metrics,
      signal,
    );
    const nothing = nothingIn(preview, listen);
    return {
      lines: [`${title}, ${source.description}`, ...describePreview(preview), ...nothing],
      isUsable: nothing.length === 0,
      seen: preview,
    };
  } catch (error) {
    if (error instanceof SourceError || error instanceof UserError)
      return { lines: [title, `  ${error.message}`], isUsable: false, seen: NOTHING_SEEN };
    throw error;
  }
}

function nothingIn({ tallies }: SourcePreview, listen: Duration | undefined): readonly string[] {
  if (tallies.readings > 0) return [];
  const isForNone = tallies.rows > 0 && tallies.missing === 0 && tallies.quarantined === 0;
  if (isForNone)
    return ['  not one reading: no rule is for any of its rows; check the `when` of `series` against them'];
  return listen === undefined
    ? ['  not one reading; check `time` and `series` against its rows']
    : [`  not one reading came within ${formatDuration(listen)}`];
}

/** Tells at once what happens to the connections of a source that is listened to. */
function tellingOf(source: string): Pick<Logger, 'info' | 'warn'> {
  const tell = (fact: unknown, what?: string): void => {
    const { reason, remedy } = fact as { readonly reason?: string; readonly remedy?: string };
    const why = [reason, remedy].filter((text) => text !== undefined).join('; ');
    process.stderr.write(`source ${source}: ${what}${why === '' ? '' : ` (${why})`}\n`);
  };
  return { info: tell, warn: tell };
}

function metricLines({ metrics }: WeirConfig): readonly string[] {
  if (metrics.size === 0) return ['metrics: none'];
  return [...metrics.values()].map((metric) => `metric ${metric.name}: ${describeMetric(metric)}`);
}

function describeMetric({ unit, decimals, kind, intervalMs, holdMs, send, excess }: Metric): string {
  const interval = formatDuration({ kind: 'fixed', ms: intervalMs });
  const held = holdMs === undefined ? '' : `, held for ${formatDuration({ kind: 'fixed', ms: holdMs })} at most`;
  return `${kind} in ${unit} with ${decimals} decimals (${excess === 'round' ? 'more are rounded' : 'more are refused'}), one reading each ${interval}${held}, sent as ${send}`;
}

function agentLines({ agent, sources }: WeirConfig): readonly string[] {
  if (agent !== undefined)
    return [
      `agent ${agent.id}: to ${agent.broker}, at most ${agent.spool.bytes} bytes in ${agent.spool.dir ?? `.weir/${agent.id}`}`,
    ];
  return Object.keys(sources).length === 0
    ? []
    : [asCalled('agent: none, so "weir edge" can\'t read the sources; add one, like agent: { id: roof-1 }')];
}

function viewLines(view: View, series: readonly SeriesDescription[]): readonly string[] {
  const { name, metric, by, where, sliceMs } = view;
  const taken = series.filter((one) => viewAdmits(view, one));
  const groups = new Set(taken.map((one) => groupKey(groupOf(view, one))));
  const what = `view ${name}: ${metric}${by.length === 0 ? '' : ` by ${by.join(', ')}`}, in slices of ${formatDuration({ kind: 'fixed', ms: sliceMs })}`;
  const lines = [
    series.length === 0
      ? what
      : `${what}: ${taken.length} of the series above, in ${groups.size} group${groups.size === 1 ? '' : 's'}`,
  ];
  const measured = series.filter((one) => one.metric === metric);
  for (const tag of Object.keys(where)) {
    if (measured.length > 0 && measured.every(({ tags }) => tags[tag] === undefined))
      lines.push(`  ${noSuchTag(tag, measured)}`);
  }
  for (const tag of by) {
    const without = taken.filter((one) => one.tags[tag] === undefined).length;
    if (without === taken.length && without > 0) lines.push(`  ${noSuchTag(tag, taken)}`);
    else if (without > 0)
      lines.push(`  ${without} of them have no tag ${tag}; they share the group whose ${tag} is empty`);
  }
  return lines;
}

/**
 * The tags of a view that no rule gives to its metric, where no series of it have been seen. Other agents may send it
 * with them, so it is only told; nothing is where a source takes whatever tags come.
 */
function unknownTags(
  { metric, by, where }: View,
  { sources }: WeirConfig,
  seen: readonly SeriesDescription[],
): readonly string[] {
  const rules = Object.values(sources).map(({ makes }) => makes);
  if (seen.some((one) => one.metric === metric) || rules.includes(undefined)) return [];
  const made = rules.flatMap((some) => some ?? []).filter((one) => one.metric === metric);
  const known = [...new Set(made.flatMap(({ tags }) => tags))];
  if (known.length === 0) return [];
  return [...new Set([...by, ...Object.keys(where)])]
    .filter((tag) => !known.includes(tag))
    .map((tag) => `  no source gives ${metric} the tag ${tag}; ${tagRemedy(tag, known)}`);
}

/** What is said of a tag that none of the series has. */
function noSuchTag(tag: string, series: readonly SeriesDescription[]): string {
  const known = [...new Set(series.flatMap(({ tags }) => Object.keys(tags)))];
  return `no series above has the tag ${tag}; ${tagRemedy(tag, known)}`;
}

function tagRemedy(tag: string, known: readonly string[]): string {
  const nearest = nearestNames(tag, known);
  return nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `they have ${known.join(', ')}`;
}

function nextSteps({ sources, agent, views }: WeirConfig, file: string, { fromMs, toMs }: Seen): string {
  const steps = [`  weir up --config ${file}`];
  const all = Object.values(sources);
  const once = all.some(({ supports }) => supports.nature === 'file') ? ' --once' : '';
  if (agent !== undefined && all.length > 0) steps.push(`  weir edge --config ${file}${once}`);
  if (views[0] !== undefined && fromMs <= toMs) {
    steps.push(`  weir query ${views[0].name} --from ${dayOf(fromMs)} --to ${dayOf(toMs + DAY_MS)} --window 1d`);
  }
  return asCalled(`Next, each in a terminal of its own:\n${steps.join('\n')}\n`);
}

const DAY_MS = 86_400_000;

function dayOf(atMs: number): string {
  return formatInstant(atMs).slice(0, 'yyyy-MM-dd'.length);
}
