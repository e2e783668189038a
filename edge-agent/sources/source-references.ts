import { nearestNames } from '#core/time/nearest-name.ts';
import { parseTextTemplate } from './rows/text-template.ts';
import type { RowsConfig, SourceConfig } from './source-config.ts';

/** A name in a source's configuration that stands for nothing. `path` leads to it from the source's own section. */
export interface ReferenceFault {
  readonly path: readonly (string | number)[];
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;
}

/** The names that a source speaks of but nobody has declared: metrics, and columns where `columns` lists them. */
export function checkSourceReferences(config: SourceConfig, metricNames: readonly string[]): readonly ReferenceFault[] {
  if (config.kind !== 'csv' && config.kind !== 'ndjson') return [];
  const faults: ReferenceFault[] = [];
  config.series.forEach((rule, i) => {
    if (metricNames.includes(rule.metric)) return;
    const path = ['series', i, 'metric'];
    faults.push({
      path,
      subject: 'metric',
      value: `${JSON.stringify(rule.metric)} is not declared`,
      remedy: nearestOr(rule.metric, metricNames, 'declare it under `metrics`'),
    });
  });
  if (config.kind === 'csv' && config.columns !== undefined) faults.push(...checkColumns(config, config.columns));
  return faults;
}

/** The columns that the rules of a source need but its file doesn't have. */
export function checkColumns(config: RowsConfig, columns: readonly string[]): readonly ReferenceFault[] {
  const known = new Set(columns);
  return neededColumns(config)
    .filter(({ column }) => !known.has(column))
    .map(({ path, column }) => ({
      path,
      subject: 'column',
      value: `${JSON.stringify(column)} is not in the file`,
      remedy: nearestOr(column, columns, `the file has ${listed(columns)}`),
    }));
}

/** Every column that a source's rules read, with the place in the configuration that names it, each column once. */
export function neededColumns(config: RowsConfig): readonly { path: readonly (string | number)[]; column: string }[] {
  const needed = new Map<string, readonly (string | number)[]>();
  const need = (column: string, path: readonly (string | number)[]): void => {
    if (!needed.has(column)) needed.set(column, path);
  };
  config.time.columns.forEach((column, i) => need(column, ['time', 'columns', i]));
  config.series.forEach((rule, i) => {
    need(rule.value, ['series', i, 'value']);
    for (const column of Object.keys(rule.when)) need(column, ['series', i, 'when', column]);
    for (const column of parseTextTemplate(rule.device).columns) need(column, ['series', i, 'device']);
    for (const [tag, template] of Object.entries(rule.tags)) {
      for (const column of parseTextTemplate(template).columns) need(column, ['series', i, 'tags', tag]);
    }
  });
  return Array.from(needed, ([column, path]) => ({ path, column }));
}

const LISTED_MAX = 12;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_MAX).join(', ');
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown;
}

function nearestOr(name: string, known: readonly string[], otherwise: string): string {
  const nearest = nearestNames(name, known);
  return nearest.length === 0 ? otherwise : `did you mean ${nearest.join(' or ')}?`;
}
