import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { BatchColumns } from '#edge-agent/sources/batch-columns.ts';
import { PendingMessages } from '#edge-agent/sources/live/pending-messages.ts';
import { Receiving } from '#edge-agent/sources/live/receiving.ts';
import { Deliveries } from '#edge-agent/sources/mqtt/deliveries.ts';
import { DeviceSession } from '#edge-agent/sources/mqtt/device-session.ts';
import { MessageLine, type MqttMessage } from '#edge-agent/sources/mqtt/message-line.ts';
import { MessageReader } from '#edge-agent/sources/mqtt/message-reader.ts';
import { mqttSchema } from '#edge-agent/sources/mqtt/mqtt-section.ts';
import { MemorySocket } from '#edge-agent/sources/mqtt/mqtt.fixtures.ts';
import { PacketConnection } from '#edge-agent/sources/mqtt/packet-connection.ts';
import { CONNACK, MqttFault } from '#edge-agent/sources/mqtt/packet-frames.ts';
import { SeriesList } from '#edge-agent/sources/source.ts';
import { FAR_FUTURE_MS, metricsOf } from '#edge-agent/sources/sources.fixtures.ts';
import { checkBatch, type Door, type Outcome } from './door.ts';

const RECEIVING_BYTES_MAX = 1 << 20;
const READINGS_MAX = 4_096;
const RECEIVED_MS = Date.UTC(2026, 0, 1);
const PAYLOAD = '{"at":"2026-01-01T00:00:00Z","power":[1.5,{"kW":"2"}],"level":17.25}';

const WILL = { topic: 'home/a/gone', payload: Buffer.from('{"level":0}'), qos: 1, retain: true } as const;

/** What is sent over one connection, in one piece. */
function sent(version: 3 | 4 | 5, ...packets: readonly Packet[]): Uint8Array {
  return Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: version })));
}

function connect(version: 3 | 4 | 5, more: object = {}): Packet {
  const protocolId = version === 3 ? 'MQIsdp' : 'MQTT';
  return { cmd: 'connect', protocolId, protocolVersion: version, clientId: 'a', clean: true, keepalive: 60, ...more };
}

function publish(qos: 0 | 1 | 2, more: object = {}): Packet {
  const id = qos === 0 ? {} : { messageId: 7 };
  return { cmd: 'publish', topic: 'home/a/power', payload: PAYLOAD, qos, dup: false, retain: false, ...id, ...more };
}

const PROPERTIES = { messageExpiryInterval: 60, contentType: 'application/json', userProperties: { unit: 'kW' } };

function openReader(): { readonly reader: MessageReader; readonly batch: BatchColumns } {
  const { topics } = mqttSchema.parse({
    kind: 'mqtt',
    listen: '127.0.0.1:0',
    topics: [
      {
        topic: 'home/+/#',
        names: ['device'],
        time: { columns: ['at'] },
        series: ['power.0', 'power.1.kW', 'level'].map((value) => ({ metric: 'power', value, device: '{device}' })),
      },
      {
        topic: 'home/#',
        names: ['rest'],
        rows: 'power',
        series: [{ metric: 'power', value: 'kW', device: '{rest}', texts: { ON: 1 } }],
      },
      { topic: 'home/+/gone', names: ['name'], gone: { device: '{name}', when: { level: '0' } } },
      { topic: 'home/a/#', payload: 'senml', series: [{ metric: 'power', value: 'v', device: '{name}' }] },
      { topic: 'home/b/#', payload: 'line-protocol', series: [{ metric: 'power', value: 'm.kw', device: '{host}' }] },
      { topic: '+/+/power', payload: 'text', series: [{ metric: 'power', value: 'payload', device: 'x' }] },
    ],
  });
  // No input has so many messages; columns of the usual size would be most of the work.
  const batch = new BatchColumns(READINGS_MAX);
  const metrics = metricsOf(metricNamed('power'));
  const registry = new SeriesList();
  return { batch, reader: new MessageReader({ topics, metrics, registry, batch, nowMs: () => FAR_FUTURE_MS }) };
}

function checkRead({ reader, batch }: ReturnType<typeof openReader>): void {
  const ambiguousTimes = reader.takeAmbiguous();
  const closed = batch.close({ checkpoint: {}, watermarkMs: reader.highestMs, ambiguousTimes });
  checkBatch(closed);
  JSON.stringify([closed.refusals, reader.tally.remarks()]);
}

/** All that one device sends, torn in two; its messages are read, and acknowledged as they are. */
async function speakAsDevice(bytes: Uint8Array): Promise<Outcome> {
  const opened = openReader();
  const { reader, batch } = opened;
  const pending = new PendingMessages<MqttMessage>({
    batch,
    read: (message) => reader.read(message),
    readingsMax: (one) => reader.readingsMax(one),
    highestMs: () => reader.highestMs,
    takeAmbiguous: () => reader.takeAmbiguous(),
    latenessMs: 0,
    nowMs: () => RECEIVED_MS,
  });
  const socket = new MemorySocket();
  const receiving = new Receiving(RECEIVING_BYTES_MAX);
  let isIn = false;
  const session = new DeviceSession({
    socket: socket.asSocket,
    receiving,
    line: new MessageLine(pending, () => RECEIVED_MS),
    login: () => Promise.resolve({ kind: 'welcome' }),
    enter: () => {
      isIn = true;
      return { deliveries: new Deliveries(), isPresent: false };
    },
  });
  const half = bytes.length >> 1;
  for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) {
    socket.receive(part);
    await turn();
  }
  pending.push({
    topic: 'end',
    payload: Buffer.alloc(0),
    isKept: false,
    isWhole: true,
    receivedMs: 0,
    bytes: 0,
    acknowledged: () => undefined,
  });
  const given = await pending.next();
  checkBatch(given!);
  given!.acknowledged!();
  session.finish(0);
  socket.destroy();
  const fault = await session.ended;
  assert(fault === undefined || fault instanceof MqttFault, 'a connection is ended for what came over it');
  assert.equal(receiving.bytes, 0, 'nothing is kept of a connection that has ended');
  return isIn && fault === undefined ? 'accepted' : 'refused';
}

const device: Door = {
  name: 'MQTT device',
  samples: [
    sent(4, connect(4, { will: WILL, username: 'a', password: Buffer.from('b') }), publish(1), publish(0), {
      cmd: 'pingreq',
    }),
    sent(
      5,
      connect(5, { properties: { receiveMaximum: 9, sessionExpiryInterval: 60 } }),
      publish(2, { properties: PROPERTIES }),
      { cmd: 'pubrel', messageId: 7 },
    ),
    sent(
      3,
      connect(3),
      publish(1, { retain: true }),
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'cmnd/#', qos: 1 }] },
      { cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['cmnd/#'] },
    ),
    sent(
      5,
      connect(5, { will: { ...WILL, properties: { willDelayInterval: 5 } } }),
      publish(1),
      publish(1, { dup: true }),
      { cmd: 'disconnect', reasonCode: 4 },
    ),
  ],
  open: speakAsDevice,
};

/** All that a broker sends. */
const broker: Door = {
  name: 'MQTT broker',
  samples: [
    sent(
      5,
      {
        cmd: 'connack',
        sessionPresent: true,
        reasonCode: 0,
        properties: { receiveMaximum: 20, topicAliasMaximum: 0, assignedClientIdentifier: 'x' },
      },
      { cmd: 'suback', messageId: 1, granted: [1, 0x87] },
      publish(1, { properties: { ...PROPERTIES, subscriptionIdentifier: 1 } }),
      publish(2, { properties: PROPERTIES }),
      { cmd: 'pubrel', messageId: 7 },
      { cmd: 'pingresp' },
      { cmd: 'disconnect', reasonCode: 0x8e, properties: { reasonString: 'taken over' } },
    ),
  ],
  open: async (bytes) => {
    const socket = new MemorySocket();
    const seen: unknown[] = [];
    const handler = { publish: (one: unknown) => void seen.push(one), packet: (one: unknown) => void seen.push(one) };
    const receiving = new Receiving(RECEIVING_BYTES_MAX);
    const connection = new PacketConnection({
      socket: socket.asSocket,
      version: 5,
      handler,
      first: CONNACK,
      receiving,
    });
    socket.receive(bytes);
    socket.destroy();
    const fault = await connection.ended;
    assert(fault === undefined || fault instanceof MqttFault);
    return fault === undefined && seen.length > 0 ? 'accepted' : 'refused';
  },
};

/** A topic, and behind a line end its payload. */
const message: Door = {
  name: 'MQTT message',
  samples: [
    `home/a/power\n${PAYLOAD}`,
    'home/b/power\n12.5',
    'home/a/pack\n[{"bn":"x:","bt":1700000000,"bv":1,"n":"kw","u":"W","v":1.5},{"n":"on","vb":true,"t":-5}]',
    'home/b/lines\nm,host=a kw=1.5,on=t 1700000000000000000\nm,host=b\\ c kw=2i\n',
    'home/c\n{"at":"2026-01-01T00:00:00+01:00","level":1e3}',
  ].map((text) => Buffer.from(text)),
  open: (bytes) => {
    const opened = openReader();
    const at = Math.max(0, bytes.indexOf(0x0a));
    const topic = Buffer.from(bytes.subarray(0, at)).toString('utf8');
    const payload = Buffer.from(bytes.subarray(at + 1));
    opened.reader.read({
      topic,
      payload,
      isKept: false,
      isWhole: true,
      receivedMs: RECEIVED_MS,
      bytes: 0,
      acknowledged: () => undefined,
    });
    const isRead = opened.batch.count > 0;
    checkRead(opened);
    return isRead ? 'accepted' : 'refused';
  },
};

export const MQTT_DOORS: readonly Door[] = [device, broker, message];
