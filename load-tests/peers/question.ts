/**
 * What everyone is asked: of each device or each region, window by window, the count, sum, least and greatest value of its
 * readings; of counters the count and the increase. Windows are aligned to 1970 and hold [start, start + windowMs).
 */
export interface Question {
  readonly name: string;
  readonly by: 'device' | 'region';
  readonly windowMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: 'gauge' | 'counter';
}

/** Of each kind, what is asked for, in the order in which answers hold it. */
export const STATISTICS = {
  gauge: ['count', 'sum', 'min', 'max'],
  counter: ['count', 'increase'],
} as const satisfies Record<Question['kind'], readonly string[]>;

/** A group in a window, with its statistics in their order, as whoever was asked wrote them. */
export interface AnswerRow {
  readonly group: string;
  readonly startMs: number;
  readonly values: readonly string[];
}

/** The true answer: statistics in units of the last decimal, by {@link answerKey}. */
export type TrueAnswer = ReadonlyMap<string, readonly number[]>;

export function answerKey(group: string, startMs: number): string {
  return `${group} ${startMs}`;
}

/** How an answer compares with the true one. */
export interface AnswerCheck {
  readonly rows: number;
  /** Rows that are missing, too many, or off by half of the last decimal or more. */
  readonly different: number;
  /** The first of them, for people. */
  readonly example: string | undefined;
  /** Rows with a number that is right only once it is rounded. */
  readonly inexact: number;
}

/** Compares what somebody answered with the truth. Counts aside, numbers have `decimals` decimals. */
export function checkAnswer(truth: TrueAnswer, rows: readonly AnswerRow[], decimals: number): AnswerCheck {
  const scale = 10 ** decimals;
  const seen = new Set<string>();
  const wrong: string[] = [];
  let inexact = 0;
  for (const { group, startMs, values } of rows) {
    const key = answerKey(group, startMs);
    const expected = truth.get(key);
    if (expected === undefined || seen.has(key)) {
      wrong.push(`${key} is ${expected === undefined ? 'not asked for' : 'told twice'}`);
      continue;
    }
    seen.add(key);
    const isRight = (text: string, i: number): boolean =>
      Math.round(Number(text) * (i === 0 ? 1 : scale)) === expected[i];
    if (values.length !== expected.length || !values.every(isRight)) {
      wrong.push(
        `${key} is ${values.join(' ')}, not ${expected.map((one, i) => (i === 0 ? one : one / scale)).join(' ')}`,
      );
    } else if (values.some((text, i) => Number(text) !== expected[i]! / (i === 0 ? 1 : scale))) {
      inexact++;
    }
  }
  const missing = [...truth.keys()].filter((key) => !seen.has(key));
  wrong.push(...missing.map((key) => `${key} is missing`));
  return { rows: rows.length, different: wrong.length, example: wrong[0], inexact };
}

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
