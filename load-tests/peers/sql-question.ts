import type { AnswerRow, Question } from './question.ts';

/** How a dialect of SQL says what differs between them. */
export interface SqlDialect {
  /** The start of the window in which `time` lies, as an expression. */
  readonly windowOf: (windowMs: number) => string;
  /** A start as milliseconds since 1970. */
  readonly toMs: (start: string) => string;
  /** A literal for an instant. */
  readonly instant: (ms: number) => string;
  /** The value of the reading before, of the same device. */
  readonly lag: string;
}

/**
 * A question as SQL about `table` with columns time, device, region and value; its rows have the group, the start, and the
 * statistics. A counter that has fallen was reset to 0 before.
 */
export function sqlOf({ by, windowMs, fromMs, toMs, kind }: Question, table: string, dialect: SqlDialect): string {
  const start = dialect.windowOf(windowMs);
  const range = `time >= ${dialect.instant(fromMs)} AND time < ${dialect.instant(toMs)}`;
  if (kind === 'gauge') {
    return `SELECT ${by} AS g, ${dialect.toMs(start)} AS s, count(*) AS n, sum(value) AS total, min(value) AS low, max(value) AS high
      FROM ${table} WHERE ${range} GROUP BY g, s`;
  }
  const steps = `SELECT time, device, region, value, ${dialect.lag} AS before FROM ${table}`;
  return `SELECT ${by} AS g, ${dialect.toMs(start)} AS s, count(*) AS n,
    sum(CASE WHEN value >= before THEN value - before ELSE value END) AS increase
    FROM (${steps}) AS steps WHERE ${range} GROUP BY g, s`;
}

/** Rows of such a question. */
export function answerRows(rows: readonly (readonly string[])[]): readonly AnswerRow[] {
  return rows.map(([group, startMs, ...values]) => ({ group: group!, startMs: Number(startMs), values }));
}
