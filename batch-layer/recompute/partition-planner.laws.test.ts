import { admissionCases, type AdmittingReader } from '#core/fold/admission.cases.ts';
import { TOLD_VIEW } from '#core/fold/admission.fixtures.ts';
import { AgentFold } from '#core/fold/agent-fold.ts';
import { FrameFolder } from '#core/fold/fold-frame.ts';
import { ViewFold } from '#core/fold/view-fold.ts';
import { readHeader } from '#core/frames/header.ts';
import { type FramePlace, PartitionPlanner } from './partition-planner.ts';

/** A plan of an archive with a segment per record, and the folding of what it lists. */
class PlannedReader implements AdmittingReader {
  readonly #segments: Uint8Array[] = [];
  readonly #listed: (FramePlace & { readonly agent: number; readonly position: number })[] = [];
  readonly #read = ({ file, at, bytes }: FramePlace): Uint8Array => this.#segments[file]!.subarray(at, at + bytes);
  #planner = new PartitionPlanner(0, 0, this.#read);

  get agents() {
    return this.#planner.agents;
  }

  get cuts() {
    return this.#planner.cuts;
  }

  get position(): number {
    return this.#planner.position;
  }

  get epoch(): number {
    return this.cuts.at(-1)?.position ?? 0;
  }

  apply(bytes: Uint8Array): string {
    // Records don't begin with their file.
    const before = 7;
    const segment = new Uint8Array(before + bytes.length);
    segment.set(bytes, before);
    const position = this.position + 1;
    const { kind } = this.#planner.apply(this.#segments.push(segment) - 1, {
      position,
      at: before,
      bytes: segment.subarray(before),
    });
    const { frames } = this.#planner;
    const listed = this.#listed.length;
    for (let i = frames.indexAfter(position - 1); i < frames.count; i++) {
      const place = { file: frames.file[i]!, at: frames.at[i]!, bytes: frames.bytes[i]! };
      const one = { ...place, agent: frames.agent[i]!, position: frames.position[i]! };
      this.#listed.push(one);
      if (!this.#fold(one, [])) this.#quarantine(one);
    }
    if (kind !== 'fold') return kind;
    return this.#fold(this.#listed[listed]!, []) ? kind : 'unfoldable';
  }

  restart(): void {
    this.#planner = new PartitionPlanner(0, this.position, this.#read, structuredClone(this.#planner.snapshot()));
  }

  folded(): ReadonlyMap<number, number> {
    const view = new ViewFold({ view: TOLD_VIEW, version: 1 });
    for (const frame of this.#listed) this.#fold(frame, [view]);
    const { slots } = view;
    return new Map([...slots.all()].map((slot) => [slots.sliceAt(slot), slots.partAt(slot) / 2]));
  }

  /** A plan reads headers; who folds finds the fault of a body, and the ledger hears of it. */
  #quarantine(frame: FramePlace & { readonly agent: number }): void {
    const header = readHeader(this.#read(frame));
    if (header.kind === 'fault') return;
    this.agents[frame.agent]!.ledger.quarantine(header.incarnation, header.sequence);
  }

  /** Folds a listed frame as a job does; false where its body can't be read. */
  #fold(
    frame: FramePlace & { readonly agent: number; readonly position: number },
    views: readonly ViewFold[],
  ): boolean {
    const bytes = this.#read(frame);
    const header = readHeader(bytes);
    const { name, entries } = this.agents[frame.agent]!.fold;
    if (header.kind === 'fault') return false;
    const counted = new FrameFolder().fold(bytes, header, new AgentFold(name, entries), views, frame.position);
    return typeof counted === 'number';
  }
}

admissionCases('the planner of recompute', () => new PlannedReader());
