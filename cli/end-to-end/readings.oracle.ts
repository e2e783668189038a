/** What a SQL engine answers about the readings of a file: DuckDB, over the last value of each (series, time). */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

/** A window as both sides tell it: exact numbers as decimal text without trailing zeros, the others as doubles. */
export interface OracleWindow {
  readonly start: string;
  readonly group: string;
  readonly count: string;
  readonly sum: string;
  readonly min: string;
  readonly max: string;
  readonly mean: number;
  readonly variance: number;
}

/** How windows are laid: `start` is an SQL expression of the epoch milliseconds `t` that gives those of the window's start. */
export interface OracleWindows {
  readonly sizeMs: number | 'day';
  readonly everyMs?: number;
  readonly zone?: string;
}

export class ReadingsOracle implements Disposable {
  readonly #duckdb: DuckDBConnection;
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance, duckdb: DuckDBConnection) {
    this.#instance = instance;
    this.#duckdb = duckdb;
  }

  static async open(): Promise<ReadingsOracle> {
    const instance = await DuckDBInstance.create(':memory:');
    const duckdb = await instance.connect();
    await duckdb.run('create table readings (seen bigint, series varchar, grp varchar, t bigint, v hugeint)');
    return new ReadingsOracle(instance, duckdb);
  }

  /**
   * Takes readings from a query that gives, in the order of the file: row number, series, group, epoch milliseconds, and
   * the value as a whole number of the last decimal.
   */
  async take(select: string): Promise<void> {
    await this.#duckdb.run(`insert into readings ${select}`);
  }

  /** How many different (series, time) there are: the readings that count. */
  async count(): Promise<number> {
    const rows = await this.#rows('select count(*) from (select distinct series, t from readings)');
    return Number(rows[0]![0]);
  }

  /** Every window that holds a reading, ordered by start and group. */
  async windows(windows: OracleWindows, decimals: number): Promise<readonly OracleWindow[]> {
    const rows = await this.#rows(`
      with last as (select series, grp, t, arg_max(v, seen) as v from readings group by all),
           placed as (${placed(windows)})
      select s, grp, count(*), sum(v), min(v), max(v), sum(v * v) from placed group by s, grp order by s, grp`);
    return rows.map(([s, grp, count, sum, min, max, squares]) => {
      const n = BigInt(String(count));
      const total = BigInt(String(sum));
      const scale = 10 ** decimals;
      return {
        start: new Date(Number(s)).toISOString().replace('.000Z', 'Z'),
        group: String(grp),
        count: String(count),
        sum: decimalText(total, decimals),
        min: decimalText(BigInt(String(min)), decimals),
        max: decimalText(BigInt(String(max)), decimals),
        mean: Number(total) / Number(n) / scale,
        // From exact sums: the difference is exact, and rounded once.
        variance: Number(n * BigInt(String(squares)) - total * total) / Number(n * n) / (scale * scale),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#duckdb.closeSync();
    this.#instance.closeSync();
  }

  async #rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.#duckdb.runAndReadAll(sql)).getRows();
  }
}

function placed({ sizeMs, everyMs, zone = 'UTC' }: OracleWindows): string {
  if (sizeMs === 'day') {
    return `select grp, v, epoch_ms(timezone('${zone}', date_trunc('day', timezone('${zone}', make_timestamptz(t * 1000))))) as s from last`;
  }
  if (everyMs === undefined) return `select grp, v, t - t % ${sizeMs} as s from last`;
  return `select grp, v, t - t % ${everyMs} - hop * ${everyMs} as s from last, range(${sizeMs / everyMs}) as hops(hop)`;
}

/** A whole number of the last decimal as decimal text, without zeros at the end. */
export function decimalText(scaled: bigint, decimals: number): string {
  const sign = scaled < 0n ? '-' : '';
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
