/** A real Telegraf, unchanged, publishes to the agent by its output for MQTT. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, describe, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { RunningMqtt } from './mqtt.fixtures.ts';

const telegraf = await serverForTests('telegraf');

const AT_MS = Date.parse('2024-05-01T12:00:00Z');
const LINES = [
  `room,host=web1,room=kitchen temperature=21.5,text="warm" ${AT_MS}000000`,
  `room,host=web1,room=attic temperature=-3 ${AT_MS}000000`,
];

/** Lets Telegraf read lines once and publish them; gives what the agent has read. */
async function published(topics: readonly object[], output: readonly string[]): Promise<RunningMqtt> {
  await using folder = await makeTemporaryDirectory('telegraf-mqtt');
  const running = new RunningMqtt({ listen: '127.0.0.1:0', topics });
  await writeFile(join(folder.dir, 'lines.txt'), `${LINES.join('\n')}\n`);
  const config = [
    '[agent]',
    'omit_hostname = true',
    '[[inputs.file]]',
    `files = [${JSON.stringify(join(folder.dir, 'lines.txt'))}]`,
    'data_format = "influx"',
    '[[outputs.mqtt]]',
    `servers = ["${await running.url()}"]`,
    ...output,
  ];
  await writeFile(join(folder.dir, 'telegraf.conf'), `${config.join('\n')}\n`);
  const args = ['--config', join(folder.dir, 'telegraf.conf'), '--once'];
  const { status, output: said } = await runCommand(telegraf!.path, args, { timeoutMs: 50_000 });
  expect(said).not.toMatch(/ [EW]! \[outputs/);
  expect(status).toBe(0);
  await running.until(() => running.readings.length === LINES.length);
  return running;
}

describe.runIf(telegraf)('Telegraf', () => {
  const series = (value: string, device: string): object[] => [{ metric: 'temperature', value, device }];

  it('publishes JSON, by 3.1.1 and 5', async () => {
    const topic = { topic: 'telegraf/#', time: { columns: ['timestamp'], format: 'unix' } };
    for (const protocol of ['3.1.1', '5']) {
      await using running = await published(
        [{ ...topic, series: series('fields.temperature', '{tags.host}-{tags.room}') }],
        [`protocol = "${protocol}"`, 'qos = 1', "topic = 'telegraf/all'", 'data_format = "json"'],
      );
      expect(running.readings.map(({ device, value, timeMs }) => [device, value, timeMs])).toEqual([
        ['web1-kitchen', 21.5, AT_MS],
        ['web1-attic', -3, AT_MS],
      ]);
    }
  });

  it('publishes each field as a plain value on a topic of its own', async () => {
    const topic = { topic: '+/room/+/temperature', names: ['host', 'room'], payload: 'text' };
    await using running = await published(
      [{ ...topic, series: series('payload', '{host}-{room}') }],
      ['qos = 2', `topic = '{{ .Tag "host" }}/{{ .PluginName }}/{{ .Tag "room" }}'`, 'layout = "field"'],
    );
    expect(running.seen).toEqual(['web1-kitchen 21.5', 'web1-attic -3']);
    expect(running.source.remarks()).toEqual(['1 message on topics that no rule has: web1/room/kitchen/text (1)']);
  });
});
