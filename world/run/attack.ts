import { intrusion } from '../cast/intruder.ts';
import { SOURCE_PORT } from '../cast/sensor.ts';
import { HTTP_PORT, MQTT_PORT } from '../cast/server-process.ts';
import { ATTACKS } from '../plan/attacks.ts';
import { SERVER, type Step, STRANGE } from '../plan/plan.ts';
import { Draws } from '../platform/draws.ts';
import { spanMs } from '../truth/span.ts';
import type { World } from './world.ts';

const PORTS = { http: HTTP_PORT, mqtt: MQTT_PORT, source: SOURCE_PORT } as const;

/** Sends what no part of the system would, holds the connection for a while, and goes without a word. */
export function attack(world: World, step: Extract<Step, { kind: 'attack' }>): void {
  const { what, door, bytes } = ATTACKS[step.attack]!;
  const host = door === 'source' ? step.agent : SERVER;
  world.trace.say(STRANGER, `sends ${what} to the ${door} door of ${host}`);
  world.count('a door is attacked');
  send(world, host, PORTS[door], bytes, step.holdsMs);
}

/** Sends frames as an agent of its own would, whose content is anything. */
export function intrude(world: World, step: Extract<Step, { kind: 'intrude' }>): void {
  world.trace.say(STRANGER, 'sends frames as an agent');
  world.count('an agent that is not ours sends frames');
  const { unit, decimals, kind, interval, pane, quantiles } = world.plan.setting.metrics[STRANGE]!;
  const claim = {
    metric: STRANGE,
    unit,
    decimals,
    kind,
    intervalMs: spanMs(interval),
    paneMs: pane === undefined ? PANE_MS : spanMs(pane),
    rollover: null,
    quantiles,
  };
  const draws = new Draws(world.plan.seed, `intrusion at ${step.atMs}`);
  const { bytes, sound, hasMonster } = intrusion(claim, step.atMs, draws);
  if (hasMonster) world.count('an intruder tells a sum that no readings have');
  world.soundIntrusions += sound;
  send(world, SERVER, MQTT_PORT, bytes, step.holdsMs);
}

const STRANGER = 'stranger';
/** What a metric's pane is where nothing is said. */
const PANE_MS = 10_000;

function send(world: World, host: string, port: number, bytes: Uint8Array, holdsMs: number): void {
  const machine = world.platform.machine(STRANGER);
  const life = machine.life ?? machine.start();
  life.run(() => {
    const socket = machine.network.dial(host, port);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    setTimeout(() => socket.destroy(), holdsMs);
  });
}
