import type { SimulatedMetric } from './fleet/fleet.ts';
import { findScenario, openSimulation, type Simulation, type SimulationOptions } from './scenarios/scenario.ts';
import { BACKFILL_MS_DEFAULT, liveSource, type SimulationClock, wallClock } from './sources/live-source.ts';
import type { SeriesRegistry, SimulatedBatch, SimulatedSource } from './sources/simulated-source.ts';

export interface SimulatorOptions extends SimulationOptions {
  /** The name of a scenario. */
  readonly scenario: string;
  /** The machine's clock where it isn't named. */
  readonly clock?: SimulationClock;
  /** How much of the past the fleet tells first; BACKFILL_MS_DEFAULT where it isn't named. */
  readonly backfillMs?: number;
}

/** What the meters of a scenario read. Throws UnknownScenarioError. */
export function metricsOfScenario(name: string): readonly SimulatedMetric[] {
  return openSimulation(findScenario(name)).metrics;
}

/**
 * A fleet of simulated meters that lives by a clock. Throws UnknownScenarioError, and SimulationOptionError where an
 * option is out of its range.
 */
export function startSimulator(options: SimulatorOptions): Simulator {
  const { scenario, clock = wallClock, backfillMs = BACKFILL_MS_DEFAULT, ...rest } = options;
  return new Simulator(openSimulation(findScenario(scenario), rest), clock, backfillMs);
}

export class Simulator implements AsyncDisposable {
  readonly simulation: Simulation;
  readonly #clock: SimulationClock;
  readonly #backfillMs: number;
  readonly #stop = new AbortController();
  /** Readings that are being taken; each settles when its taker has had its last batch. */
  readonly #taken = new Set<Promise<void>>();

  constructor(simulation: Simulation, clock: SimulationClock, backfillMs: number) {
    this.simulation = simulation;
    this.#clock = clock;
    this.#backfillMs = backfillMs;
  }

  /** What the fleet reads, as a source of an agent. It ends when it is told to, or when the simulator drains. */
  source(registry: SeriesRegistry): SimulatedSource {
    const live = liveSource(this.simulation, this.#clock, registry, { backfillMs: this.#backfillMs });
    return {
      ...live,
      batches: (from, signal) => this.#track(live.batches(from, AbortSignal.any([signal, this.#stop.signal]))),
    };
  }

  /** Makes no further readings; resolves once whoever takes them has finished the last batch. */
  async drain(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#taken);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async *#track(batches: AsyncIterable<SimulatedBatch>): AsyncGenerator<SimulatedBatch> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.add(promise);
    try {
      yield* batches;
    } finally {
      this.#taken.delete(promise);
      resolve();
    }
  }
}
