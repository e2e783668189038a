import { setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BatchColumns } from '../batch-columns.ts';
import { PendingMessages } from '../live/pending-messages.ts';
import { Receiving } from '../live/receiving.ts';
import { Deliveries } from './deliveries.ts';
import { DeviceSession } from './device-session.ts';
import { ANSWER_DOUBTED_MS, BEHIND_MS_MAX, CONNECT_TIMEOUT_MS, MESSAGE_BYTES_MAX } from './limits.ts';
import { MessageLine, type MqttMessage } from './message-line.ts';
import { MemorySocket } from './mqtt.fixtures.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const KEEPALIVE_S = 60;

/** A device that has come in, and the messages of it that were taken. */
class Device {
  readonly socket = new MemorySocket();
  readonly taken: MqttMessage[] = [];
  readonly session: DeviceSession;
  readonly pending: PendingMessages<MqttMessage>;
  readonly receiving = new Receiving(2 * MESSAGE_BYTES_MAX);

  constructor(deliveries = new Deliveries()) {
    const batch = new BatchColumns(1);
    this.pending = new PendingMessages<MqttMessage>({
      batch,
      read: (message) => void this.taken.push(message),
      readingsMax: () => 0,
      highestMs: () => null,
      takeAmbiguous: () => 0,
      latenessMs: 0,
      nowMs: () => 0,
    });
    this.session = new DeviceSession({
      socket: this.socket.asSocket,
      receiving: this.receiving,
      line: new MessageLine(this.pending, () => 0),
      login: () => Promise.resolve({ kind: 'welcome' }),
      enter: () => ({ deliveries, isPresent: false }),
    });
  }

  /** Comes in, by version 3.1.1. */
  async connect(keepalive = KEEPALIVE_S): Promise<void> {
    await this.send({ cmd: 'connect', protocolVersion: 4, clientId: 'a', clean: false, keepalive });
  }

  async send(packet: Packet): Promise<void> {
    this.socket.receive(generate(packet));
    await turn();
  }

  publish(payload: string | Buffer, dup = false): Promise<void> {
    return this.send({ cmd: 'publish', topic: 't', payload, qos: 1, messageId: 7, dup, retain: false });
  }

  /** Everything taken so far is durable. */
  async store(): Promise<void> {
    (await this.pending.next())!.acknowledged!();
  }
}

describe('the session of a device', () => {
  it('ends when the device is silent for half as long again as it said it would be', async () => {
    const device = new Device();
    await device.connect();
    await vi.advanceTimersByTimeAsync(KEEPALIVE_S * 1_500);
    device.session.cutIfSilent();
    expect(device.socket.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    device.session.cutIfSilent();
    expect((await device.session.ended)!.message).toBe('it was silent for 90 s');
  });

  it('ends when the device does not take what it is sent, however much it says', async () => {
    const device = new Device();
    await device.connect(0);
    device.socket.isTaking = false;
    const pings = Array.from({ length: device.socket.writableHighWaterMark }, () => generate({ cmd: 'pingreq' }));
    device.socket.receive(Buffer.concat(pings));
    await turn();
    await vi.advanceTimersByTimeAsync(BEHIND_MS_MAX + 1);
    device.session.cutIfSilent();
    expect((await device.session.ended)!.message).toBe('it has taken nothing that it was sent for 30 s');
  });

  it('ends when nobody has said who it is in time', async () => {
    const device = new Device();
    await vi.advanceTimersByTimeAsync(CONNECT_TIMEOUT_MS);
    expect((await device.session.ended)!.message).toBe('it has not said who it is for 10 s');
  });

  it('takes of a message that is too long where it was sent, and goes on', async () => {
    const device = new Device();
    await device.connect();
    await device.publish(Buffer.alloc(2 * MESSAGE_BYTES_MAX, 'x'));
    await device.publish('short');
    await device.store();
    expect(device.taken.map(({ topic, isWhole, payload }) => [topic, isWhole, payload.length < 2_000])).toEqual([
      ['t', false, true],
      ['t', true, true],
    ]);
    expect(device.receiving.bytes).toBe(0);
  });
});

describe('a message that comes again on another connection', () => {
  /** Publishes, and then, after a connection that lasted `lastedMs` more, publishes again; gives what was taken then. */
  async function takenAgain(payload: string, dup: boolean, lastedMs: number): Promise<number> {
    const deliveries = new Deliveries();
    const first = new Device(deliveries);
    await first.connect();
    await first.publish('21.4');
    await first.store();
    await vi.advanceTimersByTimeAsync(lastedMs);
    first.socket.destroy();
    await first.session.ended;
    const second = new Device(deliveries);
    await second.connect();
    await second.publish(payload, dup);
    await second.publish('end');
    await second.store();
    return second.taken.length - 1;
  }

  it('is known where it says so, and its acknowledgement may not have got through', async () => {
    expect(await takenAgain('21.4', true, 0)).toBe(0);
  });

  it('is another one where it does not say so, has other content, or the connection went on long after', async () => {
    expect(await takenAgain('21.4', false, 0)).toBe(1);
    expect(await takenAgain('21.5', true, 0)).toBe(1);
    expect(await takenAgain('21.4', true, ANSWER_DOUBTED_MS + 1)).toBe(1);
  });

  it.each([
    ['SUBSCRIBE', [0x82, 2, 0, 1]],
    ['UNSUBSCRIBE', [0xa2, 2, 0, 1]],
  ])('is cut off, and ends nothing else, where it names no topic in %s', async (type, bytes) => {
    const device = new Device();
    await device.connect();
    device.socket.receive(Uint8Array.from(bytes));
    expect((await device.session.ended)?.message).toContain(`names no topic in ${type}`);
  });
});
