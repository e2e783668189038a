import { nearestNames } from '#core/time/nearest-name.ts';
import { RECEIVED_COLUMN } from '../live/message-fields.ts';
import { neededColumns } from '../rows/row-references.ts';
import type { RowsSection, SeriesRule } from '../rows/rows-section.ts';
import type { ReferenceFault } from '../source-kind.ts';
import { timeIn } from '../time/time-section.ts';

/** What a row of lines has for a time: nanoseconds, the finest precision that a request may name. */
export const LINE_TIME: RowsSection['time'] = timeIn(RECEIVED_COLUMN, 'unix-ns');

/** What of a measurement the rules read: its columns by position, and which names stand for which of them. */
export interface MeasurementRules {
  readonly measurement: string;
  readonly series: readonly SeriesRule[];
  /** The columns, as the row reader is opened with; the time comes first. */
  readonly columns: readonly string[];
  readonly tags: ReadonlyMap<string, number>;
  readonly fields: ReadonlyMap<string, number>;
  /** The columns that are values: there a boolean is 1 or 0. */
  readonly values: ReadonlySet<number>;
}

/** Where the time stands in `columns`. */
export const TIME_POSITION = 0;

/**
 * The rules by measurement. `a.b.c` may be the field `b.c` of `a` or the field `c` of `a.b`, so that rule is for both. A
 * name in `device`, `tags` and `when` is a tag, or, where it begins with the measurement and a dot, a field as well.
 */
export function rulesByMeasurement(series: readonly SeriesRule[]): readonly MeasurementRules[] {
  const rules = new Map<string, SeriesRule[]>();
  for (const rule of series) {
    for (const measurement of measurementsOf(rule.value)) {
      const known = rules.get(measurement);
      if (known === undefined) rules.set(measurement, [rule]);
      else known.push(rule);
    }
  }
  return Array.from(rules, ([measurement, its]) => rulesOf(measurement, its));
}

function rulesOf(measurement: string, series: readonly SeriesRule[]): MeasurementRules {
  const columns = neededColumns({ time: LINE_TIME, series }).map(({ column }) => column);
  const valueNames = new Set(series.map(({ value }) => value));
  const prefix = `${measurement}.`;
  const positions = columns.map((column, position) => [column, position] as const).slice(TIME_POSITION + 1);
  return {
    measurement,
    series,
    columns,
    tags: new Map(positions.filter(([column]) => !valueNames.has(column))),
    fields: new Map(
      positions
        .filter(([column]) => column.startsWith(prefix))
        .map(([column, position]) => [column.slice(prefix.length), position]),
    ),
    values: new Set(positions.filter(([column]) => valueNames.has(column)).map(([, position]) => position)),
  };
}

/** What may stand before a dot of `measurement.field`, neither being empty. */
function measurementsOf(value: string): readonly string[] {
  const found: string[] = [];
  for (let at = value.indexOf('.', 1); at >= 0 && at < value.length - 1; at = value.indexOf('.', at + 1)) {
    found.push(value.slice(0, at));
  }
  return found;
}

/** The values of rules that name no field. */
export function checkValues(series: readonly SeriesRule[]): readonly ReferenceFault[] {
  const whole = series.map(({ value }) => value).filter((value) => measurementsOf(value).length > 0);
  return series.flatMap(({ value }, i) => {
    if (measurementsOf(value).length > 0) return [];
    const nearest = nearestNames(value, whole);
    const remedy = `write MEASUREMENT.FIELD, like ${nearest[0] ?? `cpu.${value.replaceAll('.', '') || 'usage_idle'}`}`;
    const faulty = `${JSON.stringify(value)} names no field of a measurement`;
    return [{ path: ['series', i, 'value'], subject: 'value', value: faulty, remedy }];
  });
}
