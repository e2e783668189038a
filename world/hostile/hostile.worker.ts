import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf } from '#core/errors.ts';
import type { Door, Outcome } from './door.ts';
import { type HostileFailure, runHostile } from './run-hostile.ts';
import { type HostileTask, Place, type Told } from './watched.ts';

const { doorsModule, door: only, seed, from, to, firstDoor, shared } = workerData as HostileTask;
const { DOORS } = (await import(doorsModule)) as { readonly DOORS: readonly Door[] };
const doors = only === undefined ? DOORS : DOORS.filter(({ name }) => name === only);
const place = new Place(shared);
const tell = (told: Told): void => parentPort!.postMessage(told);

const ended = (outcome: Outcome | HostileFailure): void => {
  if (typeof outcome !== 'string') {
    const { error, ...named } = outcome;
    tell({ kind: 'failed', ...named, error: error instanceof Error ? error.stack! : reasonOf(error) });
  }
  place.ended(outcome);
};
const began = (door: number, number: number): void => place.began(door, number);
const { memoryMb, slowest } = await runHostile({ seed, from, to, doors, firstDoor, hears: { began, ended } });
tell({ kind: 'done', memoryMb, slowest });
// What a door keeps open, such as a broker's timers, ends with the thread.
