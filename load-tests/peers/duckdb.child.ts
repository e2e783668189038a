/** `node duckdb.child.ts FILE`: DuckDB on a file of its own; runs the statements of its input, a line of JSON each. */
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const [file = ':memory:'] = process.argv.slice(2);
const instance = await DuckDBInstance.create(file);
const connection = await instance.connect();
for await (const line of createInterface({ input: process.stdin })) {
  const startMs = performance.now();
  let answer: object;
  try {
    const reader = await connection.runAndReadAll(JSON.parse(line) as string);
    const ms = performance.now() - startMs;
    answer = { ms, rows: reader.getRowsJson().map((row) => row.map(String)) };
  } catch (error) {
    answer = { error: (error as Error).message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
connection.closeSync();
instance.closeSync();
