/** What a server refuses comes home: to the agent's line, to its status, and, once that is mended, to the view. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, weir } from '#tooling/processes/weir-process.ts';
import type { EdgeSummary } from '../compose/edge.ts';

const ROWS = 'time,device,value\n2024-05-01T00:00:00Z,a,1\n2024-05-01T00:00:10Z,a,2\n2024-05-01T00:00:20Z,b,4\n';

const metricOf = (decimals: number): string =>
  `metrics:\n  m: { unit: x, decimals: ${decimals}, kind: gauge, interval: 10s, send: readings }\n`;

const serverConfig = (decimals: number): string =>
  `${metricOf(decimals)}views:\n  m: { metric: m, by: [], slice: 10s }\n`;

const edgeConfig = (id: string, mqttPort: number, file = 'rows.csv'): string => `agent:
  id: ${id}
  broker: mqtt://127.0.0.1:${mqttPort}
  spool: { dir: spool-${id} }
${metricOf(3)}sources:
  rows:
    kind: csv
    file: ${file}
    time: { columns: [time] }
    series: [{ metric: m, value: value, device: "{device}" }]
`;

describe('what the server refuses', () => {
  it('ends `edge --once` with status 1, counts as quarantined, and is sent again once it is mended', async () => {
    await using folder = await makeTemporaryDirectory('refused');
    const { dir: cwd } = folder;
    await writeFile(join(cwd, 'rows.csv'), ROWS);
    const edge = async (id: string, port: number, file?: string) => {
      await writeFile(join(cwd, `${id}.yaml`), edgeConfig(id, port, file));
      const run = await weir(['edge', '--config', `${id}.yaml`, '--once', '--log-level', 'silent'], { cwd });
      expect(run.stdout).toMatch(/^\{/);
      return { ...run, summary: JSON.parse(run.stdout) as EdgeSummary };
    };
    const up = async (decimals: number) => {
      await writeFile(join(cwd, 'up.yaml'), serverConfig(decimals));
      return startUp(['--config', 'up.yaml', '--data', 'data'], { cwd });
    };
    const counted = async (url: string): Promise<unknown> => {
      const range = 'from=2024-05-01T00:00:00Z&to=2024-05-01T00:01:00Z&window=1m&stats=count,sum';
      const answer = await fetch(`${url}/api/v1/views/m/windows?${range}`);
      const { windows } = (await answer.json()) as { windows: { stats: unknown }[] };
      return windows.map(({ stats }) => stats);
    };
    {
      await using server = await up(2);
      const { status, stderr, summary } = await edge('one', server.mqttPort);
      expect(summary).toMatchObject({ readings: 3, counted: 0, quarantined: 3 });
      expect(status).toBe(1);
      expect(stderr).toMatch(/the server refused 3 readings of agent one.*weir quarantine/s);
      const refused = await weir(['quarantine', '--url', server.url], { cwd });
      expect(refused.stdout).toMatch(/metric-mismatch.*3 decimals.*2 decimals/s);
    }
    await using server = await up(3);
    const again = await edge('one', server.mqttPort);
    expect(again).toMatchObject({ status: 0, summary: { readings: 3, counted: 3, quarantined: 0 } });
    await expect.poll(() => counted(server.url)).toEqual([{ count: 3, sum: 7 }]);

    // Another agent that brings one series of the first and one of its own loses nothing but the foreign one.
    await writeFile(join(cwd, 'more.csv'), 'time,device,value\n2024-05-01T00:00:30Z,b,8\n2024-05-01T00:00:40Z,c,16\n');
    const other = await edge('two', server.mqttPort, 'more.csv');
    expect(other).toMatchObject({ status: 1, summary: { readings: 2, counted: 1, quarantined: 1 } });
    await expect.poll(() => counted(server.url)).toEqual([{ count: 4, sum: 23 }]);
  });
});
