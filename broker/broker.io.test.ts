import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Log } from '#backbone/log/log.ts';
import { StoreUnavailable } from '#backbone/storage-errors.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { encodeRefusalReport } from '#core/wire/refusal-report.ts';
import { agentTopic } from '#core/wire/topics.ts';
import {
  birth,
  BrokerHarness,
  closing,
  frame,
  gated,
  message,
  NOW_MS,
  numbersOf,
  PARTITIONS,
  publish,
  SERIES,
} from './broker.fixtures.ts';

describe('what the broker takes', () => {
  let harness: BrokerHarness;

  beforeEach(async () => {
    harness = await BrokerHarness.open();
  });

  afterEach(() => harness[Symbol.asyncDispose]());

  it('acknowledges a frame only when the log has stored it', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    let acknowledged = false;
    const sent = publish(agent, 'frame', frame(1)).then(() => (acknowledged = true));
    await vi.waitUntil(() => gate.waiting() === 1);
    // A ping is answered after the frame was taken, so an acknowledgement sent too soon would have come before it.
    agent.sendPing();
    await new Promise<void>((resolve) => agent.on('packetreceive', ({ cmd }) => cmd === 'pingresp' && resolve()));
    expect(acknowledged).toBe(false);
    gate.open();
    await sent;
    expect(await harness.recordsOf('roof-1')).toStrictEqual([
      { kind: 'frame', agent: 'roof-1', atMs: NOW_MS, verdict: { kind: 'accepted' }, frame: frame(1) },
    ]);
  });

  it('keeps the order of a client with hundreds of frames in flight', async () => {
    const gate = gated(harness.log);
    await harness.start({ log: gate.log });
    const agent = await harness.client('roof-1');
    const acknowledged: number[] = [];
    const all = Array.from({ length: 300 }, (_, i) =>
      publish(agent, 'frame', frame(i + 1)).then(() => acknowledged.push(i + 1)),
    );
    const opener = setInterval(gate.open, 1);
    await Promise.all(all);
    clearInterval(opener);
    const numbers = numbersOf(await harness.recordsOf('roof-1'));
    expect(numbers).toStrictEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(acknowledged).toStrictEqual(numbers);
    expect(harness.broker.counters).toMatchObject({
      framesAccepted: 300,
      framesRefused: 0,
      inFlight: 0,
      inFlightBytes: 0,
    });
  });

  it('acknowledges nothing after a frame that the log did not store, and ends the connection', async () => {
    let appends = 0;
    const failing = Object.create(harness.log, {
      partitions: { value: PARTITIONS },
      append: {
        value: (partition: number, bytes: Uint8Array) =>
          ++appends === 2
            ? Promise.reject(new StoreUnavailable('log', 'here', 'a cause'))
            : harness.log.append(partition, bytes),
      },
    }) as Log;
    await harness.start({ log: failing });
    const agent = await harness.client('roof-1');
    const acknowledged: number[] = [];
    const closed = closing(agent);
    for (const sequence of [1, 2, 3]) {
      agent.publish(
        agentTopic('roof-1', 'frame'),
        Buffer.from(frame(sequence)),
        { qos: 1 },
        (error) => !error && acknowledged.push(sequence),
      );
    }
    await closed;
    // The first is stored; whether the end of the connection overtakes its acknowledgement is open.
    expect([[], [1]]).toContainEqual(acknowledged);
    expect(harness.broker.counters).toMatchObject({ appendsFailed: 1, inFlight: 0 });
    await publish(await harness.client('roof-1'), 'frame', frame(2));
  });

  it('logs a frame from the future as refused, acknowledges it and says so', async () => {
    await harness.start({ clockSkewMsMax: 1_000 });
    const agent = await harness.client('roof-1');
    await agent.subscribeAsync(agentTopic('roof-1', 'verdict'), { qos: 0 });
    const verdict = message(agent);
    await publish(agent, 'frame', frame(7, NOW_MS + 1_001));
    const { topic, payload } = await verdict;
    expect(topic).toBe(agentTopic('roof-1', 'verdict'));
    expect(JSON.parse(payload.toString())).toMatchObject({ incarnation: 1, sequence: 7, code: 'future' });
    await publish(agent, 'frame', frame(8, NOW_MS + 1_000));
    const verdicts = (await harness.recordsOf('roof-1')).map(
      (record) => record.kind === 'frame' && record.verdict.kind,
    );
    expect(verdicts).toStrictEqual(['refused', 'accepted']);
  });

  it('logs a frame that can not be read, byte by byte', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const broken = frame(1);
    broken[70] = 0;
    await publish(agent, 'frame', broken);
    await publish(agent, 'frame', Uint8Array.of(1, 2));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { verdict: { kind: 'refused', code: 'checksum' }, frame: new Uint8Array(broken) },
      { verdict: { kind: 'refused', code: 'too-short' }, frame: Uint8Array.of(1, 2) },
    ]);
  });

  it('admits one owner of a series and refuses what another sends of it, naming the owner', async () => {
    await harness.start();
    const [one, other] = [await harness.client('roof-1'), await harness.client('roof-2')];
    await publish(one, 'frame', birth(1, [SERIES]));
    await publish(other, 'frame', birth(1, [SERIES]));
    await publish(one, 'frame', birth(2, [SERIES]));
    expect(
      (await harness.recordsOf('roof-1')).filter((record) => record.kind === 'frame' && record.agent === 'roof-1'),
    ).toMatchObject([{ verdict: { kind: 'accepted' } }, { verdict: { kind: 'accepted' } }]);
    const refusal = (await harness.recordsOf('roof-2')).find(
      (record) => record.kind === 'frame' && record.agent === 'roof-2',
    );
    // The birth is taken up, since its entries keep their indexes; what comes of the series is refused.
    expect(refusal).toMatchObject({ verdict: { kind: 'accepted' } });
    await other.subscribeAsync(agentTopic('roof-2', 'verdict'), { qos: 0 });
    const verdict = message(other);
    await publish(other, 'frame', frame(2));
    expect(JSON.parse((await verdict).payload.toString())).toMatchObject({
      sequence: 2,
      code: 'series-claimed',
      detail: expect.stringContaining('belongs to agent roof-1'),
      entries: [0],
    });
  });

  it('keeps frames behind a birth that still claims its series', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const many = Array.from({ length: 500 }, (_, i) => ({ ...SERIES, device: `d-${i}`, tags: { device: `d-${i}` } }));
    await Promise.all([
      publish(agent, 'frame', birth(1, many)),
      publish(agent, 'frame', frame(2)),
      publish(agent, 'frame', frame(3)),
    ]);
    const numbers = numbersOf(await harness.recordsOf('roof-1'));
    expect(numbers).toStrictEqual([1, 2, 3]);
  });

  it('refuses what comes of a series that contradicts the declared metric', async () => {
    await harness.start({ metrics: new Map([['power', metricNamed('power', { unit: 'W', decimals: 0 })]]) });
    const agent = await harness.client('roof-1');
    await publish(agent, 'frame', birth(1, [SERIES]));
    await publish(agent, 'frame', frame(2));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { verdict: { kind: 'accepted' } },
      { verdict: { code: 'metric-mismatch', detail: /"kW" with 3.*"W" with 0/ } },
    ]);
  });

  it('logs a heartbeat when it says something new, and every report', async () => {
    await harness.start();
    const agent = await harness.client('roof-1');
    const beat = { incarnation: 1, highestSequence: 4, watermarkMs: null, closed: false };
    await publish(agent, 'heartbeat', encodeHeartbeat(beat));
    await publish(agent, 'heartbeat', encodeHeartbeat(beat));
    await publish(agent, 'heartbeat', encodeHeartbeat({ ...beat, watermarkMs: 2 * NOW_MS }));
    await publish(agent, 'heartbeat', encodeHeartbeat({ ...beat, closed: true }));
    const report = {
      incarnation: 1,
      sequence: 1,
      source: 'csv',
      items: [{ line: 3, readings: 1, reason: 'range', text: 'x' }],
    };
    await publish(agent, 'refused', encodeRefusalReport(report));
    await publish(agent, 'refused', Uint8Array.of(1));
    expect(await harness.recordsOf('roof-1')).toMatchObject([
      { kind: 'heartbeat', heartbeat: beat },
      { kind: 'heartbeat', heartbeat: { ...beat, closed: true } },
      { kind: 'refusals', report },
    ]);
    expect(harness.broker.counters).toMatchObject({
      heartbeatsLogged: 2,
      heartbeatsPassed: 1,
      reportsLogged: 1,
      messagesUnreadable: 2,
    });
    expect(harness.broker.presence()).toMatchObject([
      { agent: 'roof-1', state: 'online', heartbeat: { closed: true } },
    ]);
  });
});
