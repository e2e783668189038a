import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../records/record-codec.ts';
import { copySelective } from '../stats/merge.ts';
import { readStats } from '../stats/stats.ts';
import { admissionCases, type AdmittingReader } from './admission.cases.ts';
import { TOLD_VIEW } from './admission.fixtures.ts';
import { readyFrames } from './admission.ts';
import { PartitionFold } from './partition-fold.ts';
import { SampleAgent } from './sample-agent.fixtures.ts';
import { type AgentFrame, SelectionRefold } from './selection-refold.ts';
import { ViewFold } from './view-fold.ts';

/** The fold as the speed layer runs it. */
class LiveReader implements AdmittingReader {
  readonly #view = new ViewFold({ view: TOLD_VIEW, version: 1 });
  #fold = new PartitionFold();

  constructor() {
    this.#fold.addView(this.#view);
  }

  get agents() {
    return this.#fold.admission.agents;
  }

  get cuts() {
    return this.#fold.admission.cuts;
  }

  get position(): number {
    return this.#fold.position;
  }

  get epoch(): number {
    return this.#fold.epoch;
  }

  apply(bytes: Uint8Array): string {
    return this.#fold.apply(this.position + 1, decodeRecord(bytes)).kind;
  }

  restart(): void {
    const { admission, counters } = this.#fold;
    this.#fold = new PartitionFold(structuredClone({ admission: admission.snapshot(), counters }));
    this.#fold.addView(this.#view);
  }

  folded(): ReadonlyMap<number, number> {
    const { slots } = this.#view;
    return new Map([...slots.all()].map((slot) => [slots.sliceAt(slot), slots.partAt(slot) / 2]));
  }
}

admissionCases('the live fold', () => new LiveReader());

const SLICE_MS = 20_000;

/** A live fold that refolds its pending slices whenever it is told to, as the speed layer does between records. */
class RefoldingFold {
  readonly view = new ViewFold({
    view: { name: 'v', metric: 'power', by: [], where: {}, sliceMs: SLICE_MS },
    version: 1,
  });
  readonly #fold = new PartitionFold();
  readonly #frames: AgentFrame[] = [];

  constructor() {
    this.#fold.addView(this.view);
  }

  apply(bytes: Uint8Array): void {
    const outcome = this.#fold.apply(this.#fold.position + 1, decodeRecord(bytes));
    if (!('agent' in outcome) || outcome.agent === undefined) return;
    const { fold: agent, index: life } = outcome.agent;
    for (const { header, held } of readyFrames(outcome)) this.#frames.push({ agent, life, header, frame: held });
  }

  refold(): void {
    const { slots } = this.view;
    const refold = new SelectionRefold(this.view.id, slots.pending);
    for (const frame of this.#frames) refold.survey(frame);
    for (const frame of this.#frames) refold.fold(frame);
    refold.finish();
    for (const name of slots.pending) {
      const slot = slots.touchForRefold(slots.groupOf(name.group), name.slice, this.#fold.position);
      copySelective(slots.table, slot, refold.table, refold.slotOf(name)!);
      slots.markRefolded(slot);
    }
  }

  /** Count, min, max, first and last of each slice with readings. */
  told(): Map<number, readonly unknown[]> {
    const { slots } = this.view;
    const all = [...slots.all()].map((slot) => [slots.sliceAt(slot), readStats(slots.table, slot)] as const);
    return new Map(
      all
        .filter(([, { count }]) => count > 0)
        .map(([slice, { count, min, max, first, last }]) => [slice, [count, min, max, first?.ms, last?.value]]),
    );
  }
}

function toldOf(journal: ReadonlyMap<number, number>): Map<number, readonly unknown[]> {
  const slices = Map.groupBy([...journal], ([timeMs]) => Math.floor(timeMs / SLICE_MS));
  return new Map(
    [...slices].map(([slice, readings]) => {
      const byTime = readings.toSorted(([a], [b]) => a - b);
      const values = readings.map(([, value]) => value);
      return [slice, [values.length, Math.min(...values), Math.max(...values), byTime[0]![0], byTime.at(-1)![1]]];
    }),
  );
}

describe('the live fold of frames that overtake one another', () => {
  it('has every amended pane as its last amend says, whichever frame comes last and whenever it refolds', () => {
    const told = fc.array(fc.record({ second: fc.nat(40), value: fc.nat(99) }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.nat(1000)), fc.infiniteStream(fc.boolean()), (steps, places, refolds) => {
        const agent = new SampleAgent('a', 1);
        const birth = agent.birth();
        const records = steps.map(({ second, value }) => {
          const timeMs = second * 1000;
          return agent.amend(0, timeMs, value) ?? agent.readings([[0, timeMs, value]]);
        });
        const fold = new RefoldingFold();
        const ordered = [birth, ...records].map((record) => ({ record, place: places.next().value as number }));
        for (const { record } of ordered.toSorted((a, b) => a.place - b.place)) {
          assert(record !== null, 'every step makes a frame');
          fold.apply(record);
          if (refolds.next().value === true) fold.refold();
        }
        fold.refold();
        expect(fold.told()).toEqual(toldOf(agent.journal[0]!));
      }),
      { numRuns: 300 },
    );
  });
});
