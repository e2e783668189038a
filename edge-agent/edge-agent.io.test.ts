import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { DirectoryGone } from '#backbone/storage-errors.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { agentTopic } from '#core/wire/topics.ts';
import { AgentStateRefused } from './commit/agent-state.ts';
import { type EdgeAgent, startEdgeAgent } from './edge-agent.ts';
import type { RequestSource } from './sources/doors/request-source.ts';
import type { DeclaredSource } from './sources/source-kind.ts';
import { declaredSource, metricsOf } from './sources/sources.fixtures.ts';
import { SPOOL_BYTES_MIN } from './spool/limits.ts';
import { AGENT, ScriptedBroker } from './uplink/scripted-broker.fixtures.ts';
import { UplinkHalted } from './uplink/uplink.ts';

const CSV = {
  kind: 'csv',
  file: 'rows.csv',
  time: { columns: ['ts'], format: 'unix' },
  series: [{ metric: 'power', value: 'value', device: '{device}' }],
};

interface House extends AsyncDisposable {
  readonly dir: string;
  readonly broker: ScriptedBroker;
  start(sources: Readonly<Record<string, DeclaredSource>>, id?: string): Promise<EdgeAgent>;
}

/** A folder with a file of five readings, a broker, and agents that live in the folder. */
async function openHouse(): Promise<House> {
  const { dir, [Symbol.asyncDispose]: remove } = await makeTemporaryDirectory('edge-agent');
  await writeFile(join(dir, 'rows.csv'), 'ts,device,value\n1,a,1\n2,a,2\n3,a,2\n3,a,2\n2,b,x\n4,b,4\n');
  const broker = new ScriptedBroker();
  await broker.start();
  return {
    dir,
    broker,
    start: (sources, id = AGENT) =>
      startEdgeAgent({
        id,
        broker: `mqtt://127.0.0.1:${broker.port}`,
        spool: { dir: join(dir, 'spool'), bytes: SPOOL_BYTES_MIN },
        metrics: metricsOf(metricNamed('power')),
        sources: Object.entries(sources),
        folder: dir,
        stdin: () => process.stdin,
        nowMs: Date.now,
        random: () => 0,
        logger: pino({ level: 'silent' }),
      }),
    [Symbol.asyncDispose]: async () => {
      await broker.stop();
      await remove();
    },
  };
}

/** The kinds of the frames that the broker was given. */
function kindsAt({ taken }: ScriptedBroker): string[] {
  const frames = taken.filter(({ topic }) => topic === agentTopic(AGENT, 'frame'));
  return frames.map(({ payload }) => decodeFrame(payload).kind);
}

/** A source that takes readings by HTTP, and what posts one to it. */
function httpDoor(): { readonly door: DeclaredSource; readonly post: () => Promise<Response> } {
  const opened = Promise.withResolvers<RequestSource>();
  const declared = declaredSource({ kind: 'http', listen: '127.0.0.1:0' });
  const open: DeclaredSource['open'] = (name, options) => {
    const source = declared.open(name, options);
    opened.resolve(source as RequestSource);
    return source;
  };
  const body = JSON.stringify([{ time: 1_000, metric: 'power', device: 'd', value: 1 }]);
  const post = async (): Promise<Response> => {
    const { port } = await (await opened.promise).listening;
    return fetch(`http://127.0.0.1:${port}/readings`, { method: 'POST', body });
  };
  return { door: { ...declared, open }, post };
}

describe('an edge agent', () => {
  it('reads its files to their end, and brings all of it to the broker when it is drained', async () => {
    await using house = await openHouse();
    await using agent = await house.start({ rows: declaredSource(CSV) });
    await agent.ended;
    expect(agent.totals()).toMatchObject({ rows: 6, readings: 6, counted: 4, repeats: 1, quarantined: 1 });
    await agent.drain();
    expect(agent.unsent()).toBe(0);
    expect(kindsAt(house.broker)).toEqual(['birth', 'readings']);
    expect(house.broker.taken.filter(({ topic }) => topic === agentTopic(AGENT, 'refused'))).toHaveLength(1);
  });

  it('goes on where it was disposed of: what was read is not read again, and what was not sent is', async () => {
    await using house = await openHouse();
    await house.broker.stop();
    {
      await using agent = await house.start({ rows: declaredSource(CSV) });
      await agent.ended;
      const draining = agent.drain();
      draining.catch(() => undefined);
      await agent[Symbol.asyncDispose]();
      await expect(draining).rejects.toThrow('stopped before everything was sent');
    }
    await house.broker.start();
    await using agent = await house.start({ rows: declaredSource(CSV) });
    await agent.ended;
    expect(agent.totals()).toMatchObject({ rows: 6, counted: 4, repeats: 1 });
    await agent.drain();
    expect(kindsAt(house.broker)).toEqual(['birth', 'readings']);
  });

  it('ends a live source when it is drained, with all that the source was given', async () => {
    await using house = await openHouse();
    const { door, post } = httpDoor();
    await using agent = await house.start({ door });
    expect(await (await post()).json()).toMatchObject({ accepted: 1 });
    await agent.drain();
    await agent.ended;
    expect(kindsAt(house.broker)).toEqual(['birth', 'readings']);
  });

  it('stops its sources when the ledger knows more of it than it does itself', async () => {
    await using house = await openHouse();
    house.broker.head = { incarnation: 9, highestSequence: 5 };
    await using agent = await house.start({ door: declaredSource({ kind: 'http', listen: '127.0.0.1:0' }) });
    await expect(agent.ended).rejects.toThrow(UplinkHalted);
    await expect(agent.drain()).rejects.toThrow('its data is older than what it sent');
  });

  it('stops at every start where its disk was set back, whatever it put into frames meanwhile', async () => {
    await using house = await openHouse();
    const copy = join(house.dir, 'copy');
    const run = async (file: string): Promise<void> => {
      await writeFile(join(house.dir, 'rows.csv'), `ts,device,value\n${file}`);
      await using agent = await house.start({ rows: declaredSource(CSV) });
      await agent.ended;
      await agent.drain();
    };
    await run('1,a,1\n');
    await cp(join(house.dir, 'spool'), copy, { recursive: true });
    await run('1,a,1\n2,a,1\n');
    house.broker.head = { incarnation: 2, highestSequence: 1 };
    await run('1,a,1\n2,a,1\n3,a,1\n');
    const sent = house.broker.frames().length;
    house.broker.head = { incarnation: 3, highestSequence: 1 };
    await rm(join(house.dir, 'spool'), { recursive: true });
    await cp(copy, join(house.dir, 'spool'), { recursive: true });
    for (let rows = '1,a,1\n', at = 2; at < 6; at++)
      await expect(run((rows += `${at},a,9\n`))).rejects.toThrow(UplinkHalted);
    // Nor does it begin to send where the last that the ledger saw was a start that had nothing to say.
    house.broker.head = { incarnation: 5, highestSequence: 0 };
    await expect(run('1,a,1\n')).rejects.toThrow(UplinkHalted);
    expect(house.broker.frames()).toHaveLength(sent);
  });

  it('tells of a source that fails', async () => {
    await using house = await openHouse();
    await using agent = await house.start({ rows: declaredSource({ ...CSV, file: 'absent.csv' }) });
    await expect(agent.ended).rejects.toThrow('absent.csv does not exist');
    await expect(agent.drain()).rejects.toThrow('absent.csv does not exist');
  });

  it('ends with the reason where what it measures can not be kept any more, and acknowledges nothing', async () => {
    await using house = await openHouse();
    const { door, post } = httpDoor();
    await using agent = await house.start({ door });
    await rm(join(house.dir, 'spool'), { recursive: true });
    expect((await post()).ok).toBe(false);
    await expect(agent.ended).rejects.toThrow(DirectoryGone);
  });

  it("refuses another agent's directory", async () => {
    await using house = await openHouse();
    await (await house.start({}))[Symbol.asyncDispose]();
    await expect(house.start({}, 'another')).rejects.toThrow(AgentStateRefused);
  });
});
