import { strict as assert } from 'node:assert';
import {
  Admission,
  type AdmissionSnapshot,
  type AdmittedAgent,
  type KnownCut,
  type Outcome,
  type ReadyFrame,
} from '#core/fold/admission.ts';
import { decodeAmend } from '#core/frames/amend-frame.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import { readRecord } from '#core/records/record-codec.ts';
import type { ArchivedEntry } from '../archive/partition-archive.ts';
import { FrameList } from './frame-list.ts';

/** Where a frame's bytes are in the archive. */
export interface FramePlace {
  /** Number of the segment in the list of files. */
  readonly file: number;
  readonly at: number;
  readonly bytes: number;
}

/** Gives the bytes at a place, valid until the next call. Throws ArchiveDamaged where they are not there. */
export type FrameReader = (place: FramePlace) => Uint8Array;

/** An agent as the plan knows it: what is parked are places. */
export type PlannedAgent = AdmittedAgent<FramePlace>;

/** A reading that was amended: its slices hold min, max, first and last that only a refold can find. */
export interface AmendedReading {
  readonly agent: number;
  readonly entry: number;
  readonly timeMs: number;
  /** Position at which the amend folded. */
  readonly position: number;
}

/** Everything that a planner goes on from. */
export interface PlannerSnapshot {
  readonly admission: AdmissionSnapshot<FramePlace>;
  readonly amended: readonly AmendedReading[];
}

/**
 * Lists what of a partition's records folds, in their order; the folding itself is left to others, in any order. Which
 * frames those are, and at which positions, is decided by the admission that the live fold runs too. Reading headers
 * costs a small part of reading readings, so this is done by one thread.
 */
export class PartitionPlanner {
  readonly amended: AmendedReading[];
  /** What folds after `listFrom`. */
  readonly frames = new FrameList();
  readonly #admission: Admission<FramePlace>;
  readonly #partition: number;
  readonly #listFrom: number;
  readonly #read: FrameReader;
  #file = 0;
  #entry: ArchivedEntry = { position: 0, at: 0, bytes: new Uint8Array(0) };

  /** Frames that fold at positions up to `listFrom` are entered in ledgers but not listed. */
  constructor(partition: number, listFrom: number, read: FrameReader, resumed?: PlannerSnapshot) {
    this.#partition = partition;
    this.#listFrom = listFrom;
    this.#read = read;
    this.amended = [...(resumed?.amended ?? [])];
    const hold = (frame: Uint8Array): FramePlace => this.#placeOf(frame);
    this.#admission = new Admission({ trust: 'archive', hold, open: read }, resumed?.admission);
  }

  /** Position of the last record applied. */
  get position(): number {
    return this.#admission.position;
  }

  get agents(): readonly PlannedAgent[] {
    return this.#admission.agents;
  }

  get cuts(): readonly KnownCut[] {
    return this.#admission.cuts;
  }

  /** Position of the cut with this id, if it has been applied. */
  cutAt(id: string): number | undefined {
    return this.cuts.find((cut) => cut.id === id)?.position;
  }

  /** What another planner goes on from. */
  snapshot(): PlannerSnapshot {
    return { admission: this.#admission.snapshot(), amended: this.amended };
  }

  /** Applies the next record of the archive, whose segment has the number `file`. Throws NewerRecord. */
  apply(file: number, entry: ArchivedEntry): Outcome<FramePlace> {
    const { position } = entry;
    assert(position === this.position + 1, `position ${position} follows ${this.position}`);
    this.#file = file;
    this.#entry = entry;
    const record = readRecord(this.#partition, entry);
    const outcome = this.#admission.admit(position, record);
    if (outcome.kind === 'fold' && record.kind === 'frame') this.#list(outcome.agent, outcome.frame, record.frame);
    if (outcome.kind === 'learned') for (const frame of outcome.ready) this.#list(outcome.agent, frame);
    return outcome;
  }

  #placeOf(frame: Uint8Array): FramePlace {
    const { at, bytes } = this.#entry;
    return { file: this.#file, at: at + frame.byteOffset - bytes.byteOffset, bytes: frame.length };
  }

  #list({ index }: PlannedAgent, { header, held }: ReadyFrame<FramePlace>, bytes?: Uint8Array): void {
    const { kind, earliestMs, latestMs, count } = header;
    assert(kind !== 'birth', 'a birth is learned, not folded');
    if (kind === 'amend') this.#noteAmends(index, header, bytes ?? this.#read(held));
    if (this.position <= this.#listFrom) return;
    const { position } = this;
    this.frames.push({ ...held, kind, agent: index, position, earliestMs, latestMs, readings: count });
  }

  #noteAmends(agent: number, header: FrameHeader, bytes: Uint8Array): void {
    const frame = decodeAmend(bytes, header);
    if (frame.kind === 'fault') return;
    const { count, entry, timeMs } = frame.amends;
    for (let i = 0; i < count; i++) {
      this.amended.push({ agent, entry: entry[i]!, timeMs: timeMs[i]!, position: this.position });
    }
  }
}
