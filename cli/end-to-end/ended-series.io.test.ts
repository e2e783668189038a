/** A device gets other tags, or is taken away: windows wait for its series until that is ended, and no longer then. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { startUp, startWeir, weir } from '#tooling/processes/weir-process.ts';

const CONFIG = `metrics:
  heat: { unit: °C, decimals: 1, kind: gauge, interval: 10m, send: readings }
views:
  by-device: { metric: heat, by: [device], slice: 10m }
  by-room: { metric: heat, by: [room], slice: 10m }
`;

/** A reading every ten minutes of an hour. */
const hour = (at: number, room: string): string =>
  [0, 10, 20, 30, 40, 50].map((minute) => `2024-05-01T0${at}:${minute || '00'}:00Z,d,${room},20\n`).join('');

/** Processes are started again and again, and waited for at each step. */
const TEST_MS_MAX = 240_000;

describe('a device that gets other tags', () => {
  it('is whole again once the series of the former ones is ended, in both layers and after a restart', async () => {
    await using folder = await makeTemporaryDirectory('ended');
    const { dir: cwd } = folder;
    await writeFile(join(cwd, 'up.yaml'), CONFIG);
    const send = async (port: number, rows: string): Promise<void> => {
      await writeFile(join(cwd, 'rows.csv'), `time,device,room,value\n${rows}`);
      const source = `{ kind: csv, file: rows.csv, time: { columns: [time] }, series: [{ metric: heat, value: value, device: "{device}", tags: { room: "{room}" } }] }`;
      const agent = `agent: { id: a, broker: "mqtt://127.0.0.1:${port}" }\nsources:\n  rows: ${source}\n`;
      await writeFile(join(cwd, 'edge.yaml'), `${CONFIG.split('views:')[0]}${agent}`);
      const { status } = await weir(['edge', '--config', 'edge.yaml', '--once', '--log-level', 'silent'], { cwd });
      expect(status).toBe(0);
    };
    const completeness = async (url: string, view: string): Promise<unknown> => {
      const range = 'from=2024-05-01T00:00:00Z&to=2024-05-01T04:00:00Z&window=1h';
      const answer = await fetch(`${url}/api/v1/views/${view}/windows?${range}`);
      const { windows } = (await answer.json()) as { windows: { tags: object; completeness: number }[] };
      return windows.map(({ tags, completeness: of }) => [Object.values(tags)[0], of]);
    };
    const whole = { device: ['d', 1], kitchen: ['kitchen', 1], hall: ['hall', 1] };
    {
      await using server = await startUp(['--config', 'up.yaml', '--data', 'data'], { cwd });
      await send(server.mqttPort, hour(0, 'kitchen') + hour(1, 'hall') + hour(2, 'hall'));
      await expect.poll(() => completeness(server.url, 'by-device')).toEqual([whole.device, ['d', 0.5], ['d', 0.5]]);
      const end = (...more: string[]) =>
        weir(['agents', 'end-series', 'a', 'heat', 'd', ...more, '--url', server.url], { cwd });
      expect((await end()).stderr).toMatch(/has 2 such series; name one by its tags: room=kitchen; room=hall/);
      expect((await end('--where', 'room=attic')).stderr).toMatch(/has no such series; name one by its tags/);
      const body = '{"metric":"heat","device":"d","tags":{"__proto__":"attic"}}';
      const lost = await fetch(`${server.url}/api/v1/agents/a/end-series`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect([lost.status, await lost.text()]).toEqual([
        400,
        expect.stringContaining('nothing can be named __proto__'),
      ]);
      const { stdout } = await end('--where', 'room=kitchen', '--from', '2024-05-01T01:00:00Z');
      expect(JSON.parse(stdout)).toEqual({ agent: 'a', changed: true });
      await expect
        .poll(() => completeness(server.url, 'by-device'))
        .toEqual([whole.device, whole.device, whole.device]);
      await weir(['batch', '--url', server.url], { cwd });
      expect(await completeness(server.url, 'by-device')).toEqual([whole.device, whole.device, whole.device]);
      expect(await completeness(server.url, 'by-room')).toEqual([whole.kitchen, whole.hall, whole.hall]);
      expect(JSON.parse((await weir(['verify', '--url', server.url], { cwd })).stdout)).toMatchObject({ different: 0 });
    }
    await using server = await startUp(['--config', 'up.yaml', '--data', 'data'], { cwd });
    // It is moved back: the one is expected again, as of then, and the other one still is.
    await send(server.mqttPort, hour(0, 'kitchen') + hour(1, 'hall') + hour(2, 'hall') + hour(3, 'kitchen'));
    await expect
      .poll(() => completeness(server.url, 'by-device'))
      .toEqual([whole.device, whole.device, whole.device, ['d', 0.5]]);
  });
});

describe('an agent of which one source has nothing to say any more', () => {
  it(
    'holds no window back once the series of that are ended: at once, after a restart, and until one speaks again',
    { timeout: TEST_MS_MAX },
    async () => {
      await using folder = await makeTemporaryDirectory('silent');
      const { dir: cwd } = folder;
      await writeFile(join(cwd, 'up.yaml'), CONFIG);
      const row = (device: string, minute: number): string =>
        `2024-05-01T00:${String(minute).padStart(2, '0')}:00Z,${device},20\n`;
      const append = (file: string, ...rows: string[]) => appendFile(join(cwd, file), rows.join(''));
      const sourceOf = (file: string): string =>
        `{ kind: csv, file: ${file}.csv, follow: true, lateness: 0s, time: { columns: [time] }, series: [{ metric: heat, value: value, device: "{device}", tags: { room: hall } }] }`;
      for (const file of ['gone.csv', 'stays.csv']) await append(file, 'time,device,value\n');
      const startServer = (port = 0) => startUp(['--config', 'up.yaml', '--data', 'data'], { cwd, mqttPort: port });
      const startAgent = () => startWeir(['edge', '--config', 'edge.yaml', '--log-level', 'silent'], { cwd });
      /** Of the windows of a device, which are final. */
      const final = async (url: string, device = 'stays'): Promise<unknown> => {
        const range = `from=2024-05-01T00:00:00Z&to=2024-05-01T04:00:00Z&window=10m&stats=max&device=${device}`;
        const answer = await fetch(`${url}/api/v1/views/by-device/windows?${range}`);
        return ((await answer.json()) as { windows: { final: boolean }[] }).windows.map((one) => one.final);
      };
      const endGone = async (url: string, from: string): Promise<unknown> =>
        JSON.parse(
          (await weir(['agents', 'end-series', 'a', 'heat', 'gone', '--from', from, '--url', url], { cwd })).stdout,
        );
      const watermark = async (url: string): Promise<unknown> =>
        ((await (await fetch(`${url}/api/v1/ledger/a`)).json()) as { watermark: string }).watermark;
      let port: number;
      {
        await using server = await startServer();
        port = server.mqttPort;
        const agent = `agent: { id: a, broker: "mqtt://127.0.0.1:${port}" }\n`;
        const sources = `sources:\n  first: ${sourceOf('gone')}\n  second: ${sourceOf('stays')}\n`;
        await writeFile(join(cwd, 'edge.yaml'), `${CONFIG.split('views:')[0]}${agent}${sources}`);
        await append('gone.csv', row('gone', 0));
        await append('stays.csv', row('stays', 0), row('stays', 10), row('stays', 20));
        await using _ = startAgent();
        await expect.poll(() => final(server.url), WAIT).toEqual([false, false, false]);
        expect(await endGone(server.url, '2024-05-01T00:05:00Z')).toEqual({ agent: 'a', changed: true });
        await expect.poll(() => final(server.url), WAIT).toEqual([true, true, false]);
      }
      await using server = await startServer(port);
      await append('stays.csv', row('stays', 30), row('stays', 40));
      {
        await using _ = startAgent();
        await expect.poll(() => final(server.url), WAIT).toEqual([true, true, true, true, false]);
        await append('gone.csv', row('gone', 45));
        await expect.poll(() => final(server.url, 'gone'), WAIT).toEqual([true, false]);
        await append('stays.csv', row('stays', 50));
        await expect.poll(() => watermark(server.url), WAIT).toBe('2024-05-01T00:45:00Z');
        expect(await final(server.url)).toEqual([true, true, true, true, false, false]);
      }
      // Ended once more, before its last reading and while its agent is off.
      await endGone(server.url, '2024-05-01T00:44:00Z');
      await append('stays.csv', row('stays', 59));
      await using _ = startAgent();
      await expect.poll(() => final(server.url), WAIT).toEqual([true, true, true, true, true, false]);
    },
  );
});

const WAIT = { timeout: 40_000 } as const;
