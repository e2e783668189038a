/** A real Telegraf, unchanged, writes to the source by each of its outputs for InfluxDB. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { selfSigned } from '#backbone/doors/certificates.fixtures.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { acknowledge, cheapHash, RunningSource } from '../doors/doors.fixtures.ts';
import { metricsOf } from '../sources.fixtures.ts';
import { LINE_PROTOCOL, openLineProtocolSource } from './line-protocol-source.ts';

const telegraf = await serverForTests('telegraf');

const AT_MS = Date.parse('2024-05-01T12:00:00Z');
const LINES = [
  `cpu,cpu=cpu0,host=web\\ 1 usage_idle=98.0625,usage_user=1.5 ${AT_MS}123456`,
  `cpu,cpu=cpu1,host=web\\ 1 usage_idle=0.125,text="a \\"b\\", c" ${AT_MS}000000`,
  `mem,host=web\\ 1 used=9007199254740991i ${AT_MS}000000`,
  `mem,host=web\\ 2 used=1i,ok=true ${AT_MS}000000`,
];

let folder: TemporaryDirectory;
beforeEach(async () => {
  folder = await makeTemporaryDirectory('telegraf');
});
afterEach(() => folder[Symbol.asyncDispose]());

function listen(more: object = {}): RunningSource {
  const section = LINE_PROTOCOL.schema.parse({
    kind: 'line-protocol',
    listen: '127.0.0.1:0',
    users: { collector: cheapHash('secret') },
    series: [
      { metric: 'idle', value: 'cpu.usage_idle', device: '{host}', tags: { cpu: '{cpu}' } },
      { metric: 'used', value: 'mem.used', device: '{host}' },
    ],
    ...more,
  });
  const options = {
    name: 'telegraf',
    section,
    metrics: metricsOf(metricNamed('idle', { decimals: 4 }), metricNamed('used', { decimals: 0 })),
    folder: folder.dir,
    nowMs: Date.now,
  };
  return new RunningSource((registry) => openLineProtocolSource({ ...options, registry }), acknowledge);
}

/** Lets Telegraf read lines once, and write them by an output; gives what it says. */
async function write(output: string, lines = LINES): Promise<string> {
  await writeFile(join(folder.dir, 'lines.txt'), `${lines.join('\n')}\n`);
  const config = [
    '[agent]',
    'omit_hostname = true',
    'precision = "1ns"',
    '[[inputs.file]]',
    `files = [${JSON.stringify(join(folder.dir, 'lines.txt'))}]`,
    'data_format = "influx"',
    output,
  ];
  const file = join(folder.dir, 'telegraf.conf');
  await writeFile(file, `${config.join('\n')}\n`);
  const run = await runCommand(telegraf!.path, ['--config', file, '--once'], { timeoutMs: 50_000 });
  expect(run).toMatchObject({ status: 0 });
  return run.output;
}

function readings({ batches, registry }: RunningSource): readonly unknown[] {
  return batches
    .flatMap(({ entry, timeMs, value }) =>
      Array.from(timeMs, (ms, i) => [registry.descriptions[entry[i]!]!.tags, ms - AT_MS, value[i]]),
    )
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** What an output says when not all is well. */
const COMPLAINT = / [EW]! \[outputs/;

const EXPECTED = [
  [{ cpu: 'cpu0', device: 'web 1' }, 0, 980_625],
  [{ cpu: 'cpu1', device: 'web 1' }, 0, 1_250],
  [{ device: 'web 1' }, 0, Number.MAX_SAFE_INTEGER],
  [{ device: 'web 2' }, 0, 1],
];

const v2 = (url: string, more = ''): string =>
  `[[outputs.influxdb_v2]]\nurls = ["${url}"]\ntoken = "collector:secret"\norganization = "o"\nbucket = "b"\n${more}`;

describe.runIf(telegraf)('Telegraf', () => {
  it('writes as to InfluxDB 2, packed and plain', async () => {
    for (const more of ['', 'content_encoding = "identity"']) {
      await using source = listen();
      const { port } = await source.source.listening;
      expect(await write(v2(`http://127.0.0.1:${port}`, more))).not.toMatch(COMPLAINT);
      expect(readings(source)).toEqual(EXPECTED);
    }
  });

  it('writes as to InfluxDB 1, having made its database', async () => {
    await using source = listen();
    const { port } = await source.source.listening;
    const user = 'username = "collector"\npassword = "secret"';
    const said = await write(`[[outputs.influxdb]]\nurls = ["http://127.0.0.1:${port}"]\ndatabase = "d"\n${user}`);
    expect(said).not.toMatch(COMPLAINT);
    expect(readings(source)).toEqual(EXPECTED);
  });

  it('writes by TLS to a door whose certificate it trusts', async () => {
    const { cert, key } = selfSigned();
    await writeFile(join(folder.dir, 'cert.pem'), cert);
    await writeFile(join(folder.dir, 'key.pem'), key);
    await using source = listen({ tls: { cert: 'cert.pem', key: 'key.pem' } });
    const { port } = await source.source.listening;
    const trust = `tls_ca = ${JSON.stringify(join(folder.dir, 'cert.pem'))}`;
    expect(await write(v2(`https://127.0.0.1:${port}`, trust))).not.toMatch(COMPLAINT);
    expect(readings(source)).toEqual(EXPECTED);
  });

  it('drops what was refused, and says so, instead of sending it for ever', async () => {
    await using source = listen();
    const { port } = await source.source.listening;
    const lines = [...LINES, `mem,host=web\\ 3 used="many" ${AT_MS}000000`];
    const said = await write(v2(`http://127.0.0.1:${port}`), lines);
    expect(said).toMatch(/ E! .*partial write.*"many".*is not a decimal number/);
    expect(readings(source)).toEqual(EXPECTED);
  });
});
