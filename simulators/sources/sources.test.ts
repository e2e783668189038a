import { describe, expect, it } from 'vitest';
import type { MeterSeries } from '../fleet/fleet.ts';
import {
  findScenario,
  openSimulation,
  SimulationCheckpointError,
  SimulationOptionError,
  UnknownScenarioError,
} from '../scenarios/scenario.ts';
import { liveSource, type SimulationClock } from './live-source.ts';
import { replaySource, type SeriesRegistry, type SimulatedBatch, type SimulatedSource } from './simulated-source.ts';

const FROM_MS = Date.UTC(2026, 10, 16, 5);
const HOUR_MS = 3_600_000;
const simulation = openSimulation(findScenario('denmark-in-trouble'), { meters: 30, seed: 2 });

/** Numbers series from 100 on, so that a number taken for an index is noticed. */
function registry(): SeriesRegistry & { readonly names: Map<string, number> } {
  const names = new Map<string, number>();
  return {
    names,
    intern({ metric, device }: MeterSeries) {
      const key = `${metric} ${device}`;
      const number = names.get(key) ?? names.size + 100;
      names.set(key, number);
      return number;
    },
  };
}

type Row = readonly [entry: number, timeMs: number, value: number];

function rowsOf(batch: SimulatedBatch): Row[] {
  return Array.from({ length: batch.count }, (_, i) => [batch.entry[i]!, batch.timeMs[i]!, batch.value[i]!]);
}

async function readAll(source: SimulatedSource, from: SimulatedBatch['checkpoint'] | null): Promise<SimulatedBatch[]> {
  const batches: SimulatedBatch[] = [];
  for await (const batch of source.batches(from, new AbortController().signal)) batches.push(batch);
  return batches;
}

/** A clock that shows what it was last asked to reach, and stops the world at an hour. */
class VirtualClock implements SimulationClock {
  now: number;
  readonly #stopMs: number;
  readonly #stop: AbortController;

  constructor(nowMs: number, stopMs: number, stop: AbortController) {
    this.now = nowMs;
    this.#stopMs = stopMs;
    this.#stop = stop;
  }

  nowMs(): number {
    return this.now;
  }

  async reach(atMs: number): Promise<void> {
    this.now = Math.max(this.now, atMs);
    if (this.now >= this.#stopMs) this.#stop.abort();
    await Promise.resolve();
  }
}

describe('a replay', () => {
  const span = { fromMs: FROM_MS, toMs: FROM_MS + 2 * HOUR_MS };

  it('ends, counts what it gave, and numbers series as the registry does', async () => {
    const names = registry();
    const batches = await readAll(replaySource(simulation, span, names), null);
    expect(batches.length).toBeGreaterThan(2);
    for (const batch of batches) {
      expect(batch.tallies.readings).toBe(batch.count);
      expect(batch.entry).toHaveLength(batch.count);
      expect(batch.entry.every((entry) => entry >= 100 && entry < 100 + names.names.size)).toBe(true);
    }
    expect(names.names.size).toBe(60);
  });

  it('opened at the checkpoint of any batch gives exactly what followed it', async () => {
    const source = replaySource(simulation, span, registry());
    const batches = await readAll(source, null);
    for (const [i, batch] of batches.entries()) {
      const checkpoint = JSON.parse(JSON.stringify(batch.checkpoint)) as SimulatedBatch['checkpoint'];
      const rest = await readAll(source, checkpoint);
      expect(rest.flatMap(rowsOf)).toEqual(batches.slice(i + 1).flatMap(rowsOf));
    }
  });

  it('gives no more once its signal is aborted', async () => {
    const stop = new AbortController();
    let batches = 0;
    for await (const _batch of replaySource(simulation, span, registry()).batches(null, stop.signal)) {
      batches++;
      stop.abort();
    }
    expect(batches).toBe(1);
  });

  it('refuses a checkpoint that is none of its own', async () => {
    const source = replaySource(simulation, span, registry());
    await expect(readAll(source, { offset: 12 })).rejects.toThrow(SimulationCheckpointError);
    await expect(readAll(source, { sinceMs: 2_000, nextMs: 1_000 })).rejects.toThrow(/without a checkpoint/);
  });
});

describe('a live fleet', () => {
  const calm = openSimulation(findScenario('denmark'), { meters: 30, seed: 2 });
  const NOW_MS = FROM_MS + 2 * HOUR_MS + 123;

  /** What a fleet tells from `nowMs` to `stopMs`; `pass` may move the clock after each batch. */
  async function live(
    of: typeof calm,
    from: SimulatedBatch['checkpoint'] | null,
    nowMs: number,
    stopMs: number,
    pass: (clock: VirtualClock, batch: SimulatedBatch) => void = () => undefined,
  ): Promise<SimulatedBatch[]> {
    const stop = new AbortController();
    const clock = new VirtualClock(nowMs, stopMs, stop);
    const source = liveSource(of, clock, registry(), { backfillMs: HOUR_MS });
    const batches: SimulatedBatch[] = [];
    for await (const batch of source.batches(from, stop.signal)) {
      batches.push(batch);
      pass(clock, batch);
    }
    return batches;
  }

  async function replay(of: typeof calm, fromMs: number, toMs: number): Promise<Row[]> {
    return (await readAll(replaySource(of, { fromMs, toMs }, registry()), null)).flatMap(rowsOf);
  }

  it('tells its past first, then each second when it has passed', async () => {
    const batches = await live(calm, null, NOW_MS, NOW_MS + 60_000);
    const startMs = NOW_MS - HOUR_MS + 877;
    expect(batches.flatMap(rowsOf)).toEqual(await replay(calm, startMs, Math.floor(NOW_MS / 1_000) * 1_000 + 60_000));
    const seconds = batches.filter(({ count }) => count < 100);
    expect(seconds.length).toBeGreaterThan(50);
    for (const batch of seconds) expect(new Set(batch.timeMs).size).toBe(1);
  });

  it('never tells a second before it has passed', async () => {
    await live(calm, null, NOW_MS, NOW_MS + 30_000, (clock, batch) => {
      expect(Math.max(...batch.timeMs)).toBeLessThan(clock.now);
      expect(batch.watermarkMs).toBeLessThanOrEqual(clock.now);
    });
  });

  it('tells all of its past to a receiver that is slow to take it', async () => {
    const slownessMs = 0.9 * HOUR_MS;
    let taken = 0;
    const batches = await live(calm, null, NOW_MS, NOW_MS + slownessMs + 10_000, (clock) => {
      if (taken++ === 0) clock.now += slownessMs;
    });
    const startMs = NOW_MS - HOUR_MS + 877;
    // The first batch ends where, by then, only what follows lies within the backfill.
    expect(batches[0]!.watermarkMs).toBeLessThan(startMs + slownessMs);
    const times = new Set(batches.flatMap((batch) => [...batch.timeMs]));
    const missing: number[] = [];
    for (let atMs = startMs; atMs < NOW_MS + slownessMs; atMs += 1_000) if (!times.has(atMs)) missing.push(atMs);
    expect(missing).toEqual([]);
  });

  it('goes on at its checkpoint, also with what was under way', async () => {
    const whole = await live(simulation, null, NOW_MS, NOW_MS + 120_000);
    const middle = whole.findIndex(({ checkpoint }) => (checkpoint['nextMs'] as number) > NOW_MS + 30_000);
    const rest = await live(simulation, whole[middle]!.checkpoint, NOW_MS + 40_000, NOW_MS + 120_000);
    expect(rest.flatMap(rowsOf)).toEqual(whole.slice(middle + 1).flatMap(rowsOf));
  });

  it('leaves out what lies further back than its backfill when it wakes from a long sleep', async () => {
    let slept = false;
    const WAKE_MS = NOW_MS + 50 * HOUR_MS;
    const batches = await live(calm, null, NOW_MS, WAKE_MS + 10_000, (clock, batch) => {
      if (slept || batch.watermarkMs < NOW_MS) return;
      slept = true;
      clock.now = WAKE_MS;
    });
    const times = batches.flatMap((batch) => [...batch.timeMs]);
    expect(times.some((atMs) => atMs > NOW_MS + 2_000 && atMs < WAKE_MS - HOUR_MS)).toBe(false);
    expect(times.some((atMs) => atMs >= WAKE_MS - HOUR_MS && atMs < WAKE_MS - HOUR_MS + 5_000)).toBe(true);
  });
});

describe('a simulation', () => {
  it('is found by its name, and a wrong name names the nearest', () => {
    expect(findScenario('denmark').meters).toBe(200);
    expect(() => findScenario('denmrak')).toThrow(UnknownScenarioError);
    expect(() => findScenario('denmrak')).toThrow(/did you mean denmark/);
  });

  it('refuses options out of their range, with a remedy', () => {
    const scenario = findScenario('denmark');
    expect(() => openSimulation(scenario, { meters: 0 })).toThrow(SimulationOptionError);
    expect(() => openSimulation(scenario, { seed: 1.5 })).toThrow(/seed 1.5 is not possible; choose a whole number/);
    expect(() => openSimulation(scenario, { faults: { late: 2 } })).toThrow(/between 0 and 1/);
    const span = { fromMs: 0, toMs: 1_000 };
    expect(() => openSimulation(scenario, { meters: 1 }).run(span)).toThrow(/lasts from 2020-01-06/);
  });
});
