import { strict as assert } from 'node:assert';
import { parseFactor } from '#core/numbers/factor.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { BATCH_READINGS_MAX } from '../batch-columns.ts';
import type { ReferenceFault, SeriesMade } from '../source-kind.ts';
import { timeColumns } from '../time/time-section.ts';
import { columnsAcross } from './across-columns.ts';
import { mayMeet } from './row-condition.ts';
import { type RowsSection, SERIES_RULES_MAX, type SeriesRule } from './rows-section.ts';
import { OWN_COLUMN, parseTextTemplate } from './text-template.ts';

/** The most readings that the rules of a source take of a row: a year's hours of several columns, and half of a batch. */
export const ROW_READINGS_MAX = 65_536;
assert(2 * ROW_READINGS_MAX <= BATCH_READINGS_MAX, 'a row fits into a batch that is not yet half full');

/** The metrics that the rules of a source speak of but nobody has declared. */
export function checkMetrics(
  { series }: Pick<RowsSection, 'series'>,
  metricNames: readonly string[],
): readonly ReferenceFault[] {
  const faults: ReferenceFault[] = [];
  series.forEach((rule, i) => {
    if (metricNames.includes(rule.metric)) return;
    faults.push({
      path: ['series', i, 'metric'],
      subject: 'metric',
      value: `${JSON.stringify(rule.metric)} is not declared`,
      remedy: nearestOr(rule.metric, metricNames, 'declare it under `metrics`'),
    });
  });
  return faults;
}

/** What the rules of a source make series of. */
export function seriesMade({ series }: Pick<RowsSection, 'series'>): readonly SeriesMade[] {
  return series.map(({ metric, tags }) => ({ metric, tags: ['device', ...Object.keys(tags)] }));
}

/** Rules of a source of which a row may give the same series twice, at the same time. */
export function checkDistinct({ series }: Pick<RowsSection, 'series'>): readonly ReferenceFault[] {
  const bySeries = new Map<string, SeriesRule[]>();
  return series.flatMap((rule, i) => {
    const tags = Object.entries(rule.tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([rule.metric, rule.device, tags]);
    const others = bySeries.get(key) ?? [];
    const other = others.find(({ when }) => mayMeet(when, rule.when));
    others.push(rule);
    bySeries.set(key, others);
    if (other === undefined) return [];
    return {
      path: ['series', i],
      subject: 'rule',
      value: `for ${JSON.stringify(rule.value)} makes the same series as the one for ${JSON.stringify(other.value)}, ${rule.metric} of ${rule.device}`,
      remedy: 'give one of them another `device` or tag, or tell their rows apart by `when`',
    };
  });
}

/** The columns that the rules of a source need but its file doesn't have. */
export function checkColumns(section: RowsSection, columns: readonly string[]): readonly ReferenceFault[] {
  const missing = missingColumns(section, columns).map(({ path, column }) => ({
    path,
    subject: 'column',
    value: `${JSON.stringify(column)} is not in the file`,
    remedy: nearestColumn(column, columns) ?? `the file has ${listed(columns)}`,
  }));
  return missing.length > 0 ? missing : checkCells(section, columns);
}

/** Rules of many cells that have none in a file with these columns, or more than a row may give. */
export function checkCells(
  { series }: Pick<RowsSection, 'series'>,
  columns: readonly string[],
): readonly ReferenceFault[] {
  let readings = 0;
  let rules = 0;
  for (const [i, { value, cells, across }] of series.entries()) {
    const from = columns.indexOf(value);
    const last = cells?.to ?? across ?? value;
    const to = columns.indexOf(last);
    readings += to - from + 1;
    rules += across === undefined ? 1 : to - from + 1;
    const path = ['series', i, 'value', 'to'];
    if (to < from) {
      const order = `${JSON.stringify(last)} stands before ${JSON.stringify(value)}`;
      return [{ path, subject: 'column', value: order, remedy: 'name the first as `from`' }];
    }
    const named = across === undefined ? [] : columnsAcross(columns, value, across);
    const odd = named.find((name, at) => named.indexOf(name) !== at || /[{}]/.test(name));
    if (odd !== undefined) {
      const why = `${JSON.stringify(odd)} is there twice, or has a brace, so it names no series`;
      return [{ path, subject: 'column', value: why, remedy: 'name all under `columns` with `header: true`' }];
    }
  }
  if (rules > SERIES_RULES_MAX) {
    const value = `take a series of ${rules} columns`;
    return [{ path: ['series'], subject: 'its rules', value, remedy: `${SERIES_RULES_MAX} is the limit` }];
  }
  if (readings <= ROW_READINGS_MAX) return [];
  const value = `take ${readings} readings of a row`;
  return [{ path: ['series'], subject: 'its rules', value, remedy: `${ROW_READINGS_MAX} is the limit` }];
}

/** Which of the needed columns a file with these columns lacks. */
export function missingColumns(
  section: Pick<RowsSection, 'time' | 'series'>,
  columns: readonly string[],
): readonly NeededColumn[] {
  const known = new Set(columns);
  return neededColumns(section).filter(({ column }) => !known.has(column));
}

/** What may help where columns are missing: the nearest name of each, or else what the file has. */
export function missingRemedy(missing: readonly NeededColumn[], columns: readonly string[]): string {
  const [only, ...more] = missing;
  if (more.length === 0) return nearestColumn(only!.column, columns) ?? `it has ${listed(columns)}`;
  const near = missing.flatMap(({ column }) => {
    const remedy = nearestColumn(column, columns);
    return remedy === undefined ? [] : [`for ${JSON.stringify(column)}, ${remedy}`];
  });
  return [...near, `it has ${listed(columns)}`].join('; ');
}

/** A column that the rules of a source read, with the place in the configuration that names it. */
export interface NeededColumn {
  readonly path: readonly (string | number)[];
  readonly column: string;
}

/** Every column that a source's rules read, once. */
export function neededColumns(section: Pick<RowsSection, 'time' | 'series'>): readonly NeededColumn[] {
  const needed = new Map<string, readonly (string | number)[]>();
  const need = (column: string, path: readonly (string | number)[]): void => {
    if (!needed.has(column)) needed.set(column, path);
  };
  for (const { column, path } of timeColumns(section.time)) need(column, ['time', ...path]);
  section.series.forEach((rule, i) => {
    need(rule.value, ['series', i, 'value']);
    const last = rule.cells?.to ?? rule.across;
    if (last !== undefined) need(last, ['series', i, 'value', 'to']);
    if (rule.scale !== undefined && parseFactor(rule.scale) === null) need(rule.scale, ['series', i, 'scale']);
    for (const column of Object.keys(rule.when)) need(column, ['series', i, 'when', column]);
    const named = (template: string, path: readonly (string | number)[]): void => {
      for (const column of parseTextTemplate(template).columns)
        if (rule.across === undefined || column !== OWN_COLUMN) need(column, path);
    };
    named(rule.device, ['series', i, 'device']);
    for (const [tag, template] of Object.entries(rule.tags)) named(template, ['series', i, 'tags', tag]);
  });
  return Array.from(needed, ([column, path]) => ({ path, column }));
}

const LISTED_MAX = 12;

function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, LISTED_MAX)
    .map((name) => JSON.stringify(name))
    .join(', ');
  return names.length > LISTED_MAX ? `${shown} and ${names.length - LISTED_MAX} more` : shown;
}

function nearestColumn(name: string, columns: readonly string[]): string | undefined {
  const nearest = nearestNames(name, columns).map((column) => JSON.stringify(column));
  return nearest.length === 0 ? undefined : `did you mean ${nearest.join(' or ')}?`;
}

function nearestOr(name: string, known: readonly string[], otherwise: string): string {
  const nearest = nearestNames(name, known);
  return nearest.length === 0 ? otherwise : `did you mean ${nearest.join(' or ')}?`;
}
