import { SOURCE_PORT } from '../cast/sensor.ts';
import { HTTP_PORT, MQTT_PORT } from '../cast/server-process.ts';
import { ATTACKS } from '../plan/attacks.ts';
import { SERVER, type Step } from '../plan/plan.ts';
import type { World } from './world.ts';

const PORTS = { http: HTTP_PORT, mqtt: MQTT_PORT, source: SOURCE_PORT } as const;

/** Sends what no part of the system would, holds the connection for a while, and goes without a word. */
export function attack(world: World, step: Extract<Step, { kind: 'attack' }>): void {
  const { what, door, bytes } = ATTACKS[step.attack]!;
  const host = door === 'source' ? step.agent : SERVER;
  const machine = world.platform.machine('stranger');
  const life = machine.life ?? machine.start();
  world.trace.say(machine.name, `sends ${what} to the ${door} door of ${host}`);
  world.count('a door is attacked');
  life.run(() => {
    const socket = machine.network.dial(host, PORTS[door]);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(bytes);
    setTimeout(() => socket.destroy(), step.holdsMs);
  });
}
