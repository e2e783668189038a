/** Files in the shapes that operators and devices give go through every part, as each example says, and add up as DuckDB adds them up. */
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, weir, whenFolded } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';
import { EXAMPLES, OPERATORS_FILES } from './operators-files.fixtures.ts';

/** The rows of a query, with text for what they hold. */
async function ask(sql: string): Promise<readonly (readonly string[])[]> {
  const duckdb = await DuckDBInstance.create(':memory:');
  const connection = await duckdb.connect();
  const reader = await connection.runAndReadAll(sql);
  connection.closeSync();
  duckdb.closeSync();
  return reader.getRows().map((row) => row.map(String));
}

describe('an example in the shape of an operator’s file', () => {
  it.each(OPERATORS_FILES)('$name is checked as a person counts it, and adds up', async (example) => {
    const { name, counts, starts, stat, sql } = example;
    await using folder = await makeTemporaryDirectory('operators-files');
    const cwd = folder.dir;
    await symlink(join(EXAMPLES, 'data'), join(cwd, 'data'));
    const text = await readFile(join(EXAMPLES, `${name}.yaml`), 'utf8');
    const config = ['--config', `${name}.yaml`];
    const write = (port: number): Promise<void> =>
      writeFile(
        join(cwd, `${name}.yaml`),
        text.replace(`${name}-1 }`, `${name}-1, broker: 'mqtt://127.0.0.1:${port}' }`),
      );
    await write(1);
    const checked = await weir(['check', ...config], { cwd });
    expect(checked.stdout).toContain(`  ${counts}\n`);
    expect(checked.stdout).toContain(`${name}.yaml can be used.`);

    await using server = await startUp([...config, '--data', 'data-of-server'], { cwd });
    await write(server.mqttPort);
    const edge = await weir(['edge', ...config, '--once', '--log-level', 'warn'], { cwd });
    expect(edge).toMatchObject({ status: 0, stderr: '' });
    const { frames, ...told } = JSON.parse(edge.stdout) as EdgeSummary;
    expect(told).toMatchObject({ quarantined: 0, repeats: 0, amended: 0, ambiguous: 0, unchecked: 0 });
    const [, end] = / to (\S+);/.exec(checked.stdout)!;
    await whenFolded(server.url, `${name}-1`, frames, end!);

    // As the example's first lines say it.
    const [, shown] = /^# {3}weir (query .*)$/m.exec(text)!;
    const flags = ['--stats', stat, '--format', 'csv', '--url', server.url];
    const answer = await weir([...shown!.split(' '), ...flags], { cwd });
    const windows = answer.stdout
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(','))
      .filter(([, , , amount]) => amount !== '');
    expect([...new Set(windows.map(([start]) => start))]).toEqual(starts);
    const amounts = (await ask(sql)).map(([group, amount]) => [group, Number(amount)]);
    expect(windows.map(([, , group, amount]) => [group, Number(amount)])).toEqual(amounts);
  });
});
