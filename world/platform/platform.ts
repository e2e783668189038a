import { Machine } from './machine.ts';
import { Network } from './network.ts';
import { Scheduler } from './scheduler.ts';

/** Everything outside of the processes of one world: time, machines, the network between them. */
export class Platform {
  readonly seed: number;
  readonly scheduler = new Scheduler();
  readonly network: Network;
  readonly #startsAtMs: number;
  readonly #machines = new Map<string, Machine>();

  /** `startsAtMs` is what an exact clock shows when the world begins, in ms since 1970. */
  constructor(seed: number, startsAtMs: number) {
    this.seed = seed;
    this.#startsAtMs = startsAtMs;
    const { scheduler } = this;
    this.network = new Network({ seed, scheduler, isOn: (machine) => this.machine(machine).isOn });
  }

  machine(name: string): Machine {
    let machine = this.#machines.get(name);
    if (machine === undefined) {
      const { seed, scheduler, network } = this;
      this.#machines.set(
        name,
        (machine = new Machine(name, { seed, startsAtMs: this.#startsAtMs, scheduler, network })),
      );
    }
    return machine;
  }

  get machines(): Iterable<Machine> {
    return this.#machines.values();
  }
}
