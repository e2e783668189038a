import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleAgent, type SampleReading, sampleSeries } from '#core/fold/sample-agent.fixtures.ts';
import { partitionOf } from '#core/records/partition.ts';
import type { View } from '#core/views/view.ts';
import { BatchWorld, SAMPLE_VIEWS, type SeenSlice } from './batch-world.fixtures.ts';

const AGENTS = ['a', 'b', 'c'];
const DEVICES = 4;

/** What happens, in its order. `late` steps go to the log at the end of the next epoch only. */
type Step =
  | {
      readonly kind: 'readings';
      readonly agent: number;
      readonly readings: readonly SampleReading[];
      readonly late: boolean;
    }
  | {
      readonly kind: 'amend';
      readonly agent: number;
      readonly nth: number;
      readonly value: number;
      readonly late: boolean;
    }
  | { readonly kind: 'repeat'; readonly nth: number }
  | { readonly kind: 'restart'; readonly agent: number; readonly late: boolean }
  | { readonly kind: 'batch' };

const agent = fc.nat(AGENTS.length - 1);
const series = fc.nat(DEVICES - 1);
/** Mostly within three minutes, sometimes long before. */
const tick = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: -4000, max: -3990 }) },
);
const value = fc.integer({ min: -20, max: 20 });
const late = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const readings = fc.array(
  fc.tuple(series, tick, value).map(([of, at, scaled]): SampleReading => [of, at * 5000, scaled]),
  { minLength: 1, maxLength: 12 },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('readings' as const), agent, readings, late }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('amend' as const), agent, nth: fc.nat(100), value, late }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat' as const), nth: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), agent, late }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'batch' as const }) },
  ),
  { minLength: 4, maxLength: 40 },
);

class Story {
  readonly world: BatchWorld;
  readonly agents = AGENTS.map((name) => new SampleAgent(name, DEVICES));
  readonly #sent: (readonly [agent: number, record: Uint8Array])[] = [];
  #held: (readonly [agent: number, record: Uint8Array])[] = [];

  constructor(world: BatchWorld) {
    this.world = world;
  }

  async tell(list: readonly Step[]): Promise<void> {
    // The first births come late too: what is sent before them has to wait.
    for (const [index, one] of this.agents.entries()) this.#held.push([index, one.birth()]);
    for (const step of list) await this.#take(step);
    await this.#deliverHeld();
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'readings':
        return await this.#send(step.agent, this.agents[step.agent]!.readings(step.readings), step.late);
      case 'amend': {
        const own = this.agents[step.agent]!;
        const accepted = own.journal.flatMap((values, of) => [...values.keys()].map((timeMs) => [of, timeMs] as const));
        const reading = accepted[step.nth % Math.max(1, accepted.length)];
        if (reading !== undefined) await this.#send(step.agent, own.amend(...reading, step.value), step.late);
        return;
      }
      case 'restart':
        return await this.#send(step.agent, this.agents[step.agent]!.birth(), step.late);
      case 'repeat': {
        const sent = this.#sent[step.nth % Math.max(1, this.#sent.length)];
        if (sent !== undefined) await this.#append(...sent);
        return;
      }
      case 'batch':
        await this.world.batch({ full: false });
        await this.#deliverHeld();
        return;
    }
  }

  async #send(index: number, record: Uint8Array | null, isLate: boolean): Promise<void> {
    if (record === null) return;
    if (isLate) this.#held.push([index, record]);
    else await this.#append(index, record);
  }

  async #deliverHeld(): Promise<void> {
    for (const held of this.#held) await this.#append(...held);
    this.#held = [];
  }

  async #append(index: number, record: Uint8Array): Promise<void> {
    this.#sent.push([index, record]);
    await this.world.log.append(partitionOf(AGENTS[index]!, this.world.log.partitions), record);
  }
}

/** Count, sum, min, max, first and last of a view, from what the agents accepted last: the slow, obvious way. */
function truthOf(view: View, agents: readonly SampleAgent[]): Map<string, object> {
  const truth = new Map<string, (readonly [ms: number, value: number])[]>();
  for (const { journal } of agents) {
    journal.forEach((own, device) => {
      const { tags } = sampleSeries(device);
      if (Object.entries(view.where).some(([tag, values]) => !values.includes(tags[tag]!))) return;
      const group = JSON.stringify(view.by.map((tag) => tags[tag]!));
      for (const [ms, scaled] of own) {
        const key = `${group} ${Math.floor(ms / view.sliceMs)}`;
        truth.set(key, [...(truth.get(key) ?? []), [ms, scaled]]);
      }
    });
  }
  return new Map([...truth].map(([key, values]) => [key, summaryOf(values)]));
}

function summaryOf(values: readonly (readonly [ms: number, value: number])[]): object {
  const first = values.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])[0]!;
  const last = values.toSorted((a, b) => b[0] - a[0] || b[1] - a[1])[0]!;
  return {
    count: values.length,
    sum: BigInt(values.reduce((sum, [, scaled]) => sum + scaled, 0)),
    min: Math.min(...values.map(([, scaled]) => scaled)),
    max: Math.max(...values.map(([, scaled]) => scaled)),
    first: { ms: first[0], value: first[1] },
    last: { ms: last[0], value: last[1] },
  };
}

/** The parts of slices that the truth tells, where there is a reading: held values also reach slices without one. */
function toldOf(seen: ReadonlyMap<string, SeenSlice>): Map<string, object> {
  const told = [...seen].filter(([, { stats }]) => stats.count > 0);
  return new Map(
    told.map(
      ([
        key,
        {
          stats: { count, sum, min, max, first, last },
        },
      ]) => [key, { count, sum, min, max, first, last }],
    ),
  );
}

const SELECTED = { min: null, max: null, first: null, last: null };

/** The slices without what amends change in the speed layer only once they are refolded. */
function additiveOf(seen: ReadonlyMap<string, SeenSlice>): Map<string, object> {
  return new Map([...seen].map(([key, { revision, stats }]) => [key, { revision, stats: { ...stats, ...SELECTED } }]));
}

describe('batch and speed', () => {
  for (const partitions of [1, 8]) {
    it(`a full recompute, incremental ones and the speed layer's fold give the same slices, with ${partitions} partitions`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          await using world = await BatchWorld.open(partitions);
          const story = new Story(world);
          await story.tell(list);
          await world.speed();
          const names = SAMPLE_VIEWS.map(({ name }) => name);
          const live = await Promise.all(names.map((name) => world.see(name)));
          await world.batch({ full: false });
          const incremental = await Promise.all(names.map((name) => world.see(name)));
          await world.speed();
          expect(await Promise.all(names.map((name) => world.see(name)))).toEqual(incremental);
          await world.batch({ full: true });
          const full = await Promise.all(names.map((name) => world.see(name)));
          expect(incremental).toEqual(full);
          expect(live.map(additiveOf)).toEqual(full.map(additiveOf));
          expect(full.map(toldOf)).toEqual(SAMPLE_VIEWS.map((view) => sorted(truthOf(view, story.agents))));
          for (const slices of full) for (const { pending } of slices.values()) expect(pending).toBe(false);
          expect(await world.verify()).toMatchObject({ different: 0, pending: 0 });
        }),
        { numRuns: partitions === 1 ? 15 : 5 },
      );
    });
  }
});

function sorted(slices: ReadonlyMap<string, object>): Map<string, object> {
  return new Map([...slices].sort(([a], [b]) => (a < b ? -1 : 1)));
}
