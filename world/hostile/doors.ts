import { agents } from './broker-door.ts';
import { BYTE_DOORS } from './byte-doors.ts';
import type { Door } from './door.ts';
import { MQTT_DOORS } from './mqtt-doors.ts';
import { poll } from './poll-door.ts';
import { sparkplug } from './sparkplug-door.ts';
import { TEXT_DOORS } from './text-doors.ts';

/** Every place where bytes of others are read. */
export const DOORS: readonly Door[] = [...BYTE_DOORS, ...MQTT_DOORS, agents, sparkplug, poll, ...TEXT_DOORS];
