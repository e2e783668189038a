import type { SeriesRule } from './rows-section.ts';
import { OWN_COLUMN } from './text-template.ts';

const OWN = `{${OWN_COLUMN}}`;

/** The columns from one to another that have names, those of a delimiter at the end of a heading left out. */
export function columnsAcross(columns: readonly string[], from: string, to: string): readonly string[] {
  return columns.slice(columns.indexOf(from), columns.indexOf(to) + 1).filter((name) => name !== '');
}

/** The rules, with one for each of the columns where a rule takes a series of each. */
export function ofEachColumn(series: readonly SeriesRule[], columns: readonly string[]): readonly SeriesRule[] {
  return series.flatMap(({ across, ...rule }): readonly SeriesRule[] => {
    if (across === undefined) return [rule];
    return columnsAcross(columns, rule.value, across).map((column) => {
      const named = (text: string): string => text.replaceAll(OWN, () => column);
      const tags = Object.fromEntries(Object.entries(rule.tags).map(([tag, text]) => [tag, named(text)]));
      return { ...rule, value: column, device: named(rule.device), tags };
    });
  });
}
