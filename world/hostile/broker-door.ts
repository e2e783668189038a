import { strict as assert } from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { birth, frame, NOW_MS, PARTITIONS, SERIES } from '#broker/broker.fixtures.ts';
import { SeriesClaims } from '#broker/claims.ts';
import { newTally } from '#broker/counters.ts';
import { Ingest } from '#broker/ingest.ts';
import { MqttListener } from '#broker/mqtt-listener.ts';
import { Presence } from '#broker/presence.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { agentTopic, type UpTopic } from '#core/wire/topics.ts';
import { MemorySocket } from '#edge-agent/sources/mqtt/mqtt.fixtures.ts';
import { connectPacket, mqttPacket, publishPacket } from '../plan/mqtt-packets.ts';
import type { Door, Outcome } from './door.ts';

const AGENT = 'a';
/** Turns of the event loop in which nothing was answered or stored, after which nothing more is expected. */
const QUIET_TURNS = 6;

const clock = (): number => NOW_MS;

/** A log that keeps nothing but how much came. */
class StoredCount {
  readonly partitions = PARTITIONS;
  stored = 0;

  append(): Promise<number> {
    return Promise.resolve(++this.stored);
  }
}

/** The door of a broker, without a port. */
class Listening {
  readonly #listener: MqttListener;
  readonly #log: StoredCount;

  private constructor(listener: MqttListener, log: StoredCount) {
    this.#listener = listener;
    this.#log = log;
  }

  static async open(): Promise<Listening> {
    const tally = newTally();
    const log = new StoredCount();
    const ingest = new Ingest({
      log,
      claims: new SeriesClaims(new MemoryKeyValue()),
      metrics: null,
      views: [],
      clockSkewMsMax: 60_000,
      tally,
      dictionaryOf: () => [],
      onHeartbeat: () => undefined,
    });
    const listener = await MqttListener.open({
      ingest,
      tally,
      clock,
      presence: new Presence(() => undefined),
      logger: pino({ level: 'silent' }),
      ledgerHead: () => Promise.resolve({ incarnation: 0, highestSequence: 0 }),
      wantedOf: () => Promise.resolve({ heads: [], missing: [] }),
      endedOf: () => Promise.resolve([]),
      identity: undefined,
    });
    return new Listening(listener, log);
  }

  /** All that one client sends, torn in two, up to the end of its connection. */
  async hear(bytes: Uint8Array): Promise<Outcome> {
    const before = this.#log.stored;
    const socket = new MemorySocket();
    socket.resume();
    this.#listener.admit(socket.asSocket);
    const half = bytes.length >> 1;
    for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) {
      if (!socket.destroyed) socket.receive(part);
      await this.#quiet(socket);
    }
    const isLeft = !socket.destroyed;
    socket.destroy();
    await this.#quiet(socket);
    assert.equal(this.#listener.inFlight.count, 0, 'nothing is held of a connection that has ended');
    return isLeft && this.#log.stored > before ? 'accepted' : 'refused';
  }

  async #quiet(socket: MemorySocket): Promise<void> {
    for (let turns = 0, seen = ''; turns < QUIET_TURNS; turns++) {
      await turn();
      const now = `${this.#log.stored} ${socket.writtenBytes} ${socket.destroyed} ${this.#listener.inFlight.count}`;
      if (now !== seen) turns = 0;
      seen = now;
    }
  }
}

function publish(topic: UpTopic, payload: Uint8Array): Uint8Array {
  return publishPacket(agentTopic(AGENT, topic), payload);
}

const SUBSCRIBE = mqttPacket(0x82, Uint8Array.of(0, 2), agentTopic(AGENT, 'head'), 1, agentTopic(AGENT, 'verdict'), 1);
const UNSUBSCRIBE = mqttPacket(0xa2, Uint8Array.of(0, 3), agentTopic(AGENT, 'head'));
const PINGREQ = mqttPacket(0xc0);
const HEARTBEAT = encodeHeartbeat({ incarnation: 1, highestSequence: 2, watermarkMs: NOW_MS, closed: false });

let listening: Promise<Listening> | undefined;

/** What an agent sends to the broker, from CONNECT on: behind the guard of its packets stand the parser and the session. */
export const agents: Door = {
  name: 'MQTT agent',
  samples: [
    Buffer.concat([connectPacket(AGENT), SUBSCRIBE, publish('frame', birth(1, [SERIES])), publish('frame', frame(2))]),
    Buffer.concat([connectPacket(AGENT), publish('heartbeat', HEARTBEAT), PINGREQ, UNSUBSCRIBE]),
    Buffer.concat([connectPacket(AGENT), publish('gone', new Uint8Array(0)), publish('frame', birth(3, [SERIES]))]),
  ],
  open: async (bytes) => (await (listening ??= Listening.open())).hear(bytes),
};
