import { decodeRecord } from '../records/record-codec.ts';
import { admissionCases, type AdmittingReader } from './admission.cases.ts';
import { TOLD_VIEW } from './admission.fixtures.ts';
import { PartitionFold } from './partition-fold.ts';
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
