import { strict as assert } from 'node:assert';
import { AgentFold, PARKED_FRAMES_MAX } from '#core/fold/agent-fold.ts';
import { CUT_IDS_KEPT } from '#core/fold/partition-fold.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import { type FrameHeader, readHeader, readProvenHeader } from '#core/frames/header.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import type { ArchivedEntry } from '../archive/partition-archive.ts';
import { FrameList } from './frame-list.ts';
import type { FrameSource } from './frame-source.ts';

/** Where a frame's bytes are in the archive. */
export interface FramePlace {
  readonly file: number;
  readonly at: number;
  readonly bytes: number;
}

/** A frame whose dictionary is not there yet, and how much of it is needed. */
export interface ParkedPlace extends FramePlace {
  readonly dictionaryVersion: number;
}

/** An agent as the plan knows it: its ledger and dictionary, and what waits for a dictionary. */
export interface PlannedAgent {
  readonly index: number;
  readonly fold: AgentFold;
  parked: ParkedPlace[];
}

/** A reading that was amended: its slices hold min, max, first and last that only a refold can find. */
export interface AmendedReading {
  readonly agent: number;
  readonly entry: number;
  readonly timeMs: number;
  /** Position at which the amend folded. */
  readonly position: number;
}

/** A cut that was applied: its id, and the position of the first record with it. */
export interface KnownCut {
  readonly id: string;
  readonly position: number;
}

/**
 * Decides what of a partition's records folds, in their order, and lists it; the folding itself is left to others, in
 * any order. It makes exactly the decisions of `PartitionFold` (core/fold/partition-fold.ts): the ledger admits the
 * first arrival of each number, births build dictionaries, frames wait parked for theirs, a repeated cut is none.
 * Reading headers costs a small part of reading readings, so this is done by one thread.
 */
export class PartitionPlanner {
  readonly agents: PlannedAgent[] = [];
  readonly amended: AmendedReading[] = [];
  readonly cuts: KnownCut[] = [];
  /** What folds after `listFrom`. */
  readonly frames = new FrameList();
  /** Position of the last record applied. */
  position = 0;
  readonly #agents = new Map<string, PlannedAgent>();
  readonly #listFrom: number;
  readonly #source: FrameSource;

  /** Frames that fold at positions up to `listFrom` are entered in ledgers but not listed. */
  constructor(listFrom: number, source: FrameSource) {
    this.#listFrom = listFrom;
    this.#source = source;
  }

  agentOf(name: string, fold?: AgentFold): PlannedAgent {
    let agent = this.#agents.get(name);
    if (agent === undefined) {
      agent = { index: this.agents.length, fold: fold ?? new AgentFold(name), parked: [] };
      this.#agents.set(name, agent);
      this.agents.push(agent);
    }
    return agent;
  }

  /** Applies a record of the archive, whose segment has the number `file`. */
  apply(file: number, entry: ArchivedEntry): void {
    const { position, bytes } = entry;
    assert(position === this.position + 1, `position ${position} follows ${this.position}`);
    this.position = position;
    const record = decodeRecord(bytes);
    switch (record.kind) {
      case 'record-fault':
      case 'refusals':
        return;
      case 'heartbeat':
        this.agentOf(record.agent).fold.ledger.heartbeat(record.heartbeat);
        return;
      case 'cut':
        if (this.cuts.some(({ id }) => id === record.id)) return;
        this.cuts.push({ id: record.id, position });
        if (this.cuts.length > CUT_IDS_KEPT) this.cuts.shift();
        return;
      case 'frame': {
        const { frame } = record;
        const place = { file, at: entry.at + frame.byteOffset - bytes.byteOffset, bytes: frame.length };
        if (record.verdict.kind === 'accepted') this.#accept(record.agent, frame, place);
        else this.#refuse(record.agent, frame);
        return;
      }
    }
  }

  /** Position of the cut with this id, if it has been applied. */
  cutAt(id: string): number | undefined {
    return this.cuts.find((cut) => cut.id === id)?.position;
  }

  #refuse(name: string, frame: Uint8Array): void {
    const header = readHeader(frame);
    if (header.kind !== 'fault') this.agentOf(name).fold.ledger.refuse(header.incarnation, header.sequence);
  }

  #accept(name: string, frame: Uint8Array, place: FramePlace): void {
    const header = readProvenHeader(frame);
    if (header.kind === 'fault') return;
    const agent = this.agentOf(name);
    const { ledger } = agent.fold;
    if (ledger.arrive(header.incarnation, header.sequence, header.checksum, header.watermarkMs) !== 'first') return;
    const needed = header.kind === 'birth' ? header.dictionaryVersion - header.count : header.dictionaryVersion;
    if (agent.fold.knows(needed)) this.#fold(agent, header, frame, place);
    else if (agent.parked.length < PARKED_FRAMES_MAX) agent.parked.push({ ...place, dictionaryVersion: needed });
  }

  #fold(agent: PlannedAgent, header: FrameHeader, bytes: Uint8Array, place: FramePlace): void {
    if (header.kind === 'birth') {
      this.#learn(agent, bytes);
      return;
    }
    if (header.kind === 'amend') this.#noteAmends(agent, bytes);
    if (this.position <= this.#listFrom) return;
    const { kind, earliestMs, latestMs } = header;
    this.frames.push({ ...place, kind, agent: agent.index, position: this.position, earliestMs, latestMs });
  }

  #noteAmends(agent: PlannedAgent, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.kind !== 'amend') return;
    const { count, entry, timeMs } = frame.amends;
    for (let i = 0; i < count; i++) {
      this.amended.push({ agent: agent.index, entry: entry[i]!, timeMs: timeMs[i]!, position: this.position });
    }
  }

  #learn(agent: PlannedAgent, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.kind !== 'birth') return;
    const { previous, firstIndex, entries } = frame.birth;
    if (previous !== null) agent.fold.ledger.previous(previous);
    agent.fold.learn(firstIndex, entries);
    const ready = agent.parked.filter((parked) => agent.fold.knows(parked.dictionaryVersion));
    agent.parked = agent.parked.filter((parked) => !agent.fold.knows(parked.dictionaryVersion));
    for (const place of ready) {
      // A birth among them reads on, so the bytes of this one are a copy.
      const parked = this.#source.frame(place.file, place.at, place.bytes).slice();
      const header = readHeader(parked);
      assert(header.kind !== 'fault', 'a parked frame had a sound header when it was parked');
      this.#fold(agent, header, parked, place);
    }
  }
}
