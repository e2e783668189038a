import type { RecordFault } from '../records/record-codec.ts';
import type { LogRecord } from '../records/record.ts';
import {
  Admission,
  type AdmissionSnapshot,
  type AdmittedAgent,
  type FrameAccess,
  type Outcome,
  type ReadyFrame,
} from './admission.ts';
import { FrameFolder } from './fold-frame.ts';
import type { ViewFold } from './view-fold.ts';

/** An agent as the live fold has it: what is parked are the frames themselves. */
export type LiveAgent = AdmittedAgent<Uint8Array>;

/** Frames of a log that is being followed: they stay in memory, and nothing but their checksum speaks for them. */
export const LIVE_FRAMES: FrameAccess<Uint8Array> = { trust: 'bytes', hold: (frame) => frame, open: (frame) => frame };

/** What a partition's fold has counted since its first record. */
export interface FoldCounters {
  records: number;
  readings: number;
  repeatedFrames: number;
  refusedFrames: number;
  faultyFrames: number;
  forks: number;
}

/** Everything beside its views that a resumed fold needs. */
export interface FoldSnapshot {
  readonly admission: AdmissionSnapshot<Uint8Array>;
  readonly counters: Readonly<FoldCounters>;
}

/**
 * The fold of one partition: a pure function of the log's prefix. It owns what admission knows and the slices of each
 * view; it has no clock and does no IO, so the same records give the same state wherever it runs.
 */
export class PartitionFold {
  readonly views: ViewFold[] = [];
  readonly counters: FoldCounters = {
    records: 0,
    readings: 0,
    repeatedFrames: 0,
    refusedFrames: 0,
    faultyFrames: 0,
    forks: 0,
  };
  readonly admission: Admission<Uint8Array>;
  readonly #folder = new FrameFolder();
  readonly #changedAgents = new Set<LiveAgent>();

  constructor(resumed?: FoldSnapshot) {
    this.admission = new Admission(LIVE_FRAMES, resumed?.admission);
    Object.assign(this.counters, resumed?.counters);
  }

  /** Position of the last record applied. */
  get position(): number {
    return this.admission.position;
  }

  /** Position of the last cut applied, 0 before the first: names the epoch that is open. */
  get epoch(): number {
    return this.admission.epoch;
  }

  addView(fold: ViewFold): void {
    this.views.push(fold);
    for (const agent of this.admission.agents) agent.fold.forgetRoutes();
  }

  /** Applies the record at `position`, which must be beyond all applied before. Tells what became of it. */
  apply(position: number, record: LogRecord | RecordFault): Outcome<Uint8Array> {
    const { counters } = this;
    const outcome = this.admission.admit(position, record);
    if (outcome.kind !== 'unreadable') counters.records++;
    if ('agent' in outcome && outcome.agent !== undefined) this.#changedAgents.add(outcome.agent);
    switch (outcome.kind) {
      case 'fold':
        return this.#fold(outcome.agent, outcome.frame) ?? outcome;
      case 'learned':
        counters.faultyFrames += outcome.unfoldable.length;
        for (const frame of outcome.ready) this.#fold(outcome.agent, frame);
        return outcome;
      case 'unfoldable':
      case 'faulty':
      case 'unreadable':
        counters.faultyFrames++;
        return outcome;
      case 'repeated':
        counters.repeatedFrames++;
        return outcome;
      case 'fork':
        counters.forks++;
        return outcome;
      case 'refused':
        counters.refusedFrames++;
        return outcome;
      case 'ordered':
        if (outcome.ends !== undefined) outcome.agent.fold.endSeries(outcome.ends, this.views, outcome.ends.fromMs);
        return outcome;
      case 'parked':
      case 'heartbeat':
      case 'refusals':
      case 'cut':
      case 'repeated-cut':
        return outcome;
    }
  }

  /** Agents, in their present lives, whose ledger, dictionary or parked frames changed since the last call. */
  takeChangedAgents(): readonly LiveAgent[] {
    const changed = [...this.#changedAgents].filter((one) => this.admission.agentNamed(one.fold.name) === one);
    this.#changedAgents.clear();
    return changed;
  }

  /**
   * The lowest watermark of all agents of which more is expected: event time before which the partition expects no more;
   * null while one is unknown.
   */
  watermarkMs(): number | null {
    let lowest: number | null = null;
    for (const { ledger } of this.admission.living) {
      if (ledger.standing.retired) continue;
      const { watermarkMs } = ledger.progress();
      if (watermarkMs === null) return null;
      if (lowest === null || watermarkMs < lowest) lowest = watermarkMs;
    }
    return lowest;
  }

  /** Folds a frame that is ready; gives the outcome where its body can't be folded. */
  #fold(agent: LiveAgent, { header, held }: ReadyFrame<Uint8Array>): Outcome<Uint8Array> | undefined {
    const counted = this.#folder.fold(held, header, agent.fold, this.views, this.position);
    if (typeof counted !== 'number') {
      this.counters.faultyFrames++;
      return this.admission.unfoldable(agent, header, counted);
    }
    this.counters.readings += counted;
    // An amend with a higher number speaks for this frame; its slices may even have been refolded without it.
    if (agent.ledger.isOvertaken(header.incarnation, header.sequence)) {
      for (const { slots } of this.views) slots.markPendingChangedBy(this.position);
    }
    return undefined;
  }
}
