/**
 * Agents: MQTT over WebSocket at the broker's own door. Each virtual user speaks for several agents, each with a connection, a
 * dictionary and numbers of its own, and encodes by the code of agents the frames that they send: first all of them, so that
 * what is measured is the server. An agent has so many frames on the way at a time; each is stored when its PUBACK comes.
 */
import './without-node.ts';
import exec from 'k6/execution';
import { Counter, Gauge, Trend } from 'k6/metrics';
import { setTimeout } from 'k6/timers';
import { type BinaryType, WebSocket } from 'k6/websockets';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { type FrameMeta, sealFrame } from '#core/frames/header.ts';
import { HEADER_BYTES } from '#core/frames/limits.ts';
import { NO_LINKS } from '#core/frames/readings.ts';
import { given, givenNumber, TREND_STATS, writeSummary } from './environment.ts';
import { connectPacket, type Packet, PacketReader, publishPacket } from './mqtt-packets.ts';

const URL = given('BROKER_URL');
const VUS = givenNumber('VUS');
const FRAMES = givenNumber('FRAMES');
const TIMEOUT_SECONDS = givenNumber('TIMEOUT_SECONDS');
const AGENTS_PER_VU = 10;
const REGIONS = 10;
/** Devices of an agent, and readings of each in a frame: 1 Hz for 100 s. */
const DEVICES = 100;
const STEPS = 100;
const STEP_MS = 1_000;
const START_MS = Date.UTC(2024, 0, 1);
/** Frames of an agent that are on the way at a time. */
const WINDOW = 4;
/** Readings a second of all agents together, each frame at a moment of its own; 0: as fast as they are stored. */
const RATE = givenNumber('RATE');
const FRAME_EVERY_MS = RATE === 0 ? 0 : (VUS * AGENTS_PER_VU * DEVICES * STEPS * 1_000) / RATE;

const KEEP_ALIVE_S = 300;
const CONNACK = 2;
const PUBACK = 4;

const acknowledged = new Counter('acknowledged');
const failures = new Counter('failures');
const pubackMs = new Trend('puback_ms', true);
/** When the first frame was sent, and the last acknowledged; the time between the earliest and the latest is what it took. */
const firstMs = new Gauge('first_ms');
const lastMs = new Gauge('last_ms');

export const options = {
  scenarios: {
    agents: {
      executor: 'per-vu-iterations',
      vus: VUS,
      iterations: 1,
      maxDuration: `${TIMEOUT_SECONDS}s`,
      exec: 'agents',
    },
  },
  thresholds: { acknowledged: ['count>0'], failures: ['count==0'], puback_ms: ['p(99)<2000'] },
  summaryTrendStats: TREND_STATS,
};

/** The first moment at which all may send: frames are encoded before. */
export function setup(): { readonly startMs: number } {
  return { startMs: Date.now() + givenNumber('PREPARE_SECONDS') * 1_000 };
}

export function agents({ startMs }: { readonly startMs: number }): void {
  const vu = exec.scenario.iterationInTest;
  const frames = Array.from({ length: FRAMES }, (_, i) => readingsFrame(i));
  const waitMs = startMs - Date.now();
  if (waitMs < 0) throw new Error(`frames were encoded ${-waitMs} ms too late; give PREPARE_SECONDS more`);
  setTimeout(() => {
    for (let i = 0; i < AGENTS_PER_VU; i++) {
      const agent = new AgentConnection(`load-${vu}-${i}`, frames);
      setTimeout(() => agent.start(), ((vu * AGENTS_PER_VU + i) * FRAME_EVERY_MS) / (VUS * AGENTS_PER_VU));
    }
  }, waitMs);
}

function metaOf(sequence: number, watermarkMs: number | null): FrameMeta {
  return { incarnation: 1, sequence, dictionaryVersion: DEVICES, watermarkMs };
}

/**
 * The birth of an agent's devices, which is its frame number 1. It is sealed here: encodeBirth looks at texts by properties of
 * Unicode, which regular expressions of k6 don't know.
 */
function birthFrame(agent: string): Uint8Array {
  const entries = Array.from({ length: DEVICES }, (_, i) => {
    const device = `${agent}-${i}`;
    return {
      metric: 'power',
      unit: 'W',
      decimals: 0,
      kind: 'gauge' as const,
      intervalMs: STEP_MS,
      rollover: null,
      quantiles: false,
      paneMs: 10_000,
      device,
      tags: { device, region: `region-${i % REGIONS}` },
    };
  });
  const body = new TextEncoder().encode(JSON.stringify({ firstIndex: 0, entries, previous: null }));
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  frame.set(body, HEADER_BYTES);
  return sealFrame(frame, metaOf(1, null), { kind: 'birth', count: DEVICES, earliestMs: 0, latestMs: 0 });
}

/** Frame number `index` + 2: the next readings of all devices. */
function readingsFrame(index: number): Uint8Array {
  const count = DEVICES * STEPS;
  const timeMs = new Float64Array(count);
  const value = new Float64Array(count);
  const fromMs = START_MS + index * STEPS * STEP_MS;
  for (let device = 0, at = 0; device < DEVICES; device++) {
    for (let step = 0; step < STEPS; step++, at++) {
      timeMs[at] = fromMs + step * STEP_MS;
      value[at] = valueAt(device, index * STEPS + step);
    }
  }
  const isAnchored = index > 0;
  return encodeReadings(metaOf(index + 2, fromMs + STEPS * STEP_MS), {
    runCount: DEVICES,
    entry: Int32Array.from({ length: DEVICES }, (_, i) => i),
    length: new Int32Array(DEVICES).fill(STEPS),
    anchored: new Uint8Array(DEVICES).fill(isAnchored ? 1 : 0),
    anchorTimeMs: new Float64Array(DEVICES).fill(isAnchored ? fromMs - STEP_MS : 0),
    anchorValue: Float64Array.from({ length: DEVICES }, (_, i) => (isAnchored ? valueAt(i, index * STEPS - 1) : 0)),
    unchecked: new Uint8Array(DEVICES),
    timeMs,
    value,
    links: NO_LINKS,
  });
}

function valueAt(device: number, step: number): number {
  return 2_000 + device * 10 + ((device * 7_919 + step * 104_729) % 401);
}

/** One agent, from its CONNECT to the last acknowledgement. */
class AgentConnection {
  readonly #agent: string;
  readonly #frames: readonly Uint8Array[];
  readonly #sentAtMs = new Map<number, number>();
  readonly #packets = new PacketReader();
  #socket: WebSocket | undefined;
  #connectedAtMs = 0;
  #isWaiting = false;
  #sent = 0;
  #acknowledged = 0;

  constructor(agent: string, frames: readonly Uint8Array[]) {
    this.#agent = agent;
    this.#frames = [birthFrame(agent), ...frames];
  }

  start(): void {
    const socket = new WebSocket(URL, null, { headers: { 'Sec-WebSocket-Protocol': 'mqtt' } });
    this.#socket = socket;
    socket.binaryType = 'arraybuffer' as BinaryType;
    socket.onopen = () => socket.send(connectPacket(this.#agent, KEEP_ALIVE_S));
    socket.onmessage = (event) => {
      for (const packet of this.#packets.read(new Uint8Array(event!.data as ArrayBuffer))) this.#take(packet);
    };
    socket.onclose = () => this.#isDone || failures.add(1);
    socket.onerror = () => failures.add(1);
  }

  get #isDone(): boolean {
    return this.#acknowledged === this.#frames.length;
  }

  #take({ type, body }: Packet): void {
    if (type === CONNACK) {
      if (body[1] !== 0) failures.add(1);
      this.#connectedAtMs = Date.now();
      this.#sendMore();
    } else if (type === PUBACK) {
      const id = body[0]! * 256 + body[1]!;
      const now = Date.now();
      if (id > 1) pubackMs.add(now - this.#sentAtMs.get(id)!);
      this.#sentAtMs.delete(id);
      if (id > 1) {
        acknowledged.add(DEVICES * STEPS);
        lastMs.add(now);
      }
      this.#acknowledged++;
      if (this.#isDone) this.#socket!.close();
      else this.#sendMore();
    }
  }

  /** Frame number n goes as packet n. */
  #sendMore(): void {
    for (; this.#sent < this.#frames.length && this.#sentAtMs.size < WINDOW; this.#sent++) {
      const id = this.#sent + 1;
      const now = Date.now();
      const dueMs = this.#connectedAtMs + this.#sent * FRAME_EVERY_MS;
      if (dueMs > now) {
        this.#sendWhenDue(dueMs - now);
        return;
      }
      this.#sentAtMs.set(id, now);
      if (this.#sent === 0) firstMs.add(now);
      this.#socket!.send(publishPacket(`weir/v1/${this.#agent}/frame`, id, this.#frames[this.#sent]!));
    }
  }

  #sendWhenDue(ms: number): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      this.#isWaiting = false;
      this.#sendMore();
    }, ms);
  }
}

export const handleSummary = writeSummary;
