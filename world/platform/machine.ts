import { Disk } from './disk.ts';
import { Draws } from './draws.ts';
import { type EndOfLife, type Host, Life } from './life.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';

export interface MachineParts {
  readonly seed: number;
  /** What an exact clock shows when the world begins, in ms since 1970. */
  readonly startsAtMs: number;
  readonly scheduler: Scheduler;
  readonly network: Network;
}

const MACHINES = new WeakMap<Host, Machine>();

/** The machine that a process runs on. */
export function machineOf(life: Life): Machine {
  return MACHINES.get(life.host)!;
}

/** A machine of a world: a disk and a clock that outlive the processes on it, of which one runs at a time. */
export class Machine implements Host {
  readonly name: string;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly disk: Disk;
  /** How far the machine's clock is ahead of an exact one. */
  clockOffsetMs = 0;
  isOn = true;
  readonly #startsAtMs: number;
  #life: Life | undefined;
  #starts = 0;

  constructor(name: string, { seed, startsAtMs, scheduler, network }: MachineParts) {
    this.name = name;
    this.seed = seed;
    this.scheduler = scheduler;
    this.network = network;
    this.#startsAtMs = startsAtMs;
    this.disk = new Disk({
      draws: new Draws(seed, `disk of ${name}`),
      scheduler,
      clockMs: () => this.clockMs,
      kill: () => this.end('killed'),
    });
    MACHINES.set(this, this);
  }

  /** The process that runs, if one does. */
  get life(): Life | undefined {
    return this.#life?.ended === true ? undefined : this.#life;
  }

  get clockMs(): number {
    return Math.floor(this.#startsAtMs + this.scheduler.nowMs + this.clockOffsetMs);
  }

  start(): Life {
    this.end('killed');
    this.isOn = true;
    this.#life = new Life(this, `${this.name}#${++this.#starts}`);
    return this.#life;
  }

  /** Ends the running process, if one runs. With the power go all writes that were not synced. */
  end(how: EndOfLife): void {
    this.life?.end(how);
    if (how === 'power-lost') {
      this.isOn = false;
      this.disk.losePower();
    }
    this.disk.release();
  }
}
