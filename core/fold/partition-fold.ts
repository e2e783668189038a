import { strict as assert } from 'node:assert';
import { decodeFrame, type Frame } from '../frames/frame.ts';
import { type FrameHeader, readHeader } from '../frames/header.ts';
import { ReadingsReader } from '../frames/readings-reader.ts';
import type { LedgerSnapshot } from '../ledger/ledger.ts';
import type { LogRecord } from '../records/record.ts';
import type { SeriesEntry } from '../series/series.ts';
import { AgentFold, PARKED_FRAMES_MAX } from './agent-fold.ts';
import { foldAmends } from './fold-amends.ts';
import { foldPanes } from './fold-panes.ts';
import { foldReadings } from './fold-readings.ts';
import type { ViewFold } from './view-fold.ts';

/** A cut is repeated, if at all, right after a lost acknowledgement: so many ids back it is still known. */
export const CUT_IDS_KEPT = 64;

/** Everything of one agent that a resumed fold needs. */
export interface AgentSnapshot {
  readonly agent: string;
  readonly ledger: LedgerSnapshot;
  readonly entries: readonly SeriesEntry[];
  readonly parked: readonly { readonly dictionaryVersion: number; readonly frame: Uint8Array }[];
}

/** What a partition's fold has counted since its first record. */
export interface FoldCounters {
  records: number;
  readings: number;
  repeatedFrames: number;
  refusedFrames: number;
  faultyFrames: number;
  forks: number;
}

/**
 * The fold of one partition: a pure function of the log's prefix. It owns the agents' ledgers and dictionaries and the
 * slices of each view; it has no clock and does no IO, so the same records give the same state wherever it runs.
 */
export class PartitionFold {
  readonly views: ViewFold[] = [];
  readonly agents = new Map<string, AgentFold>();
  readonly counters: FoldCounters = {
    records: 0,
    readings: 0,
    repeatedFrames: 0,
    refusedFrames: 0,
    faultyFrames: 0,
    forks: 0,
  };
  /** Position of the last record applied. */
  position = 0;
  /** Position of the last cut applied, 0 before the first: names the epoch that is open. */
  epoch = 0;
  /** Ids of recent cuts: a cut that was appended twice is one cut. */
  readonly cutIds: string[] = [];
  readonly #reader = new ReadingsReader();
  readonly #changedAgents = new Set<AgentFold>();

  /** Takes up an agent that an earlier run of the fold had written. */
  restoreAgent(snapshot: AgentSnapshot): void {
    const agent = new AgentFold(snapshot.agent, snapshot.ledger);
    agent.learn(0, snapshot.entries);
    agent.parked = [...snapshot.parked];
    this.agents.set(snapshot.agent, agent);
  }

  addView(fold: ViewFold): void {
    this.views.push(fold);
    for (const agent of this.agents.values()) agent.forgetRoutes();
  }

  removeView(fold: ViewFold): void {
    this.views.splice(this.views.indexOf(fold), 1);
    for (const agent of this.agents.values()) agent.forgetRoutes();
  }

  /** Applies the record at `position`, which must be beyond all applied before. */
  apply(position: number, record: LogRecord): void {
    this.position = position;
    this.counters.records++;
    switch (record.kind) {
      case 'frame':
        if (record.verdict.kind === 'accepted') this.#acceptFrame(record.agent, record.frame, position);
        else this.#refuseFrame(record.agent, record.frame);
        return;
      case 'heartbeat': {
        const agent = this.#agentOf(record.agent);
        agent.ledger.heartbeat(record.heartbeat);
        this.#changedAgents.add(agent);
        return;
      }
      case 'refusals':
        return;
      case 'cut':
        if (this.cutIds.includes(record.id)) return;
        this.cutIds.push(record.id);
        if (this.cutIds.length > CUT_IDS_KEPT) this.cutIds.shift();
        this.epoch = position;
        return;
    }
  }

  /** Agents whose ledger, dictionary or parked frames changed since the last call. */
  takeChangedAgents(): readonly AgentFold[] {
    const changed = [...this.#changedAgents];
    this.#changedAgents.clear();
    return changed;
  }

  /** The lowest watermark of all agents: event time before which the partition expects no more; null while one is unknown. */
  watermarkMs(): number | null {
    let lowest: number | null = null;
    for (const agent of this.agents.values()) {
      const { watermarkMs } = agent.ledger.standing();
      if (watermarkMs === null) return null;
      if (lowest === null || watermarkMs < lowest) lowest = watermarkMs;
    }
    return lowest;
  }

  #agentOf(name: string): AgentFold {
    let agent = this.agents.get(name);
    if (agent === undefined) {
      agent = new AgentFold(name);
      this.agents.set(name, agent);
    }
    return agent;
  }

  #refuseFrame(name: string, bytes: Uint8Array): void {
    this.counters.refusedFrames++;
    const header = readHeader(bytes);
    if (header.kind === 'fault') return;
    const agent = this.#agentOf(name);
    agent.ledger.refuse(header.incarnation, header.sequence);
    this.#changedAgents.add(agent);
  }

  #acceptFrame(name: string, bytes: Uint8Array, position: number): void {
    const header = readHeader(bytes);
    if (header.kind === 'fault') {
      this.counters.faultyFrames++;
      return;
    }
    const agent = this.#agentOf(name);
    this.#changedAgents.add(agent);
    const arrival = agent.ledger.arrive(header.incarnation, header.sequence, header.checksum, header.watermarkMs);
    if (arrival !== 'first') {
      if (arrival === 'fork') this.counters.forks++;
      else this.counters.repeatedFrames++;
      return;
    }
    const needed = entriesNeeded(header);
    if (agent.knows(needed)) this.#foldFrame(agent, bytes, header, position);
    else if (agent.parked.length < PARKED_FRAMES_MAX) agent.parked.push({ dictionaryVersion: needed, frame: bytes });
    else this.counters.faultyFrames++;
  }

  #foldFrame(agent: AgentFold, bytes: Uint8Array, header: FrameHeader, position: number): void {
    if (header.kind === 'readings') {
      if (this.#reader.open(bytes, header) !== null) {
        this.counters.faultyFrames++;
        return;
      }
      foldReadings(this.#reader, agent, this.views, position);
      this.counters.readings += header.count;
      return;
    }
    const frame = decodeFrame(bytes);
    if (frame.kind === 'fault') this.counters.faultyFrames++;
    else this.#foldDecoded(agent, frame, position);
  }

  #foldDecoded(agent: AgentFold, frame: Frame, position: number): void {
    switch (frame.kind) {
      case 'readings':
        return;
      case 'panes':
        foldPanes(frame.panes, agent, this.views, position);
        this.counters.readings += frame.header.count;
        return;
      case 'amend':
        foldAmends(frame.amends, agent, this.views, position);
        return;
      case 'birth': {
        const { previous, firstIndex, entries } = frame.birth;
        if (previous !== null) agent.ledger.previous(previous);
        agent.learn(firstIndex, entries);
        this.#unpark(agent, position);
        return;
      }
    }
  }

  #unpark(agent: AgentFold, position: number): void {
    const ready = agent.parked.filter((parked) => agent.knows(parked.dictionaryVersion));
    if (ready.length === 0) return;
    agent.parked = agent.parked.filter((parked) => !agent.knows(parked.dictionaryVersion));
    for (const { frame } of ready) {
      const header = readHeader(frame);
      assert(header.kind !== 'fault', 'a parked frame had a sound header when it was parked');
      this.#foldFrame(agent, frame, header, position);
    }
  }
}

/** How many dictionary entries have to be known before the frame folds: for a birth, those before its own. */
function entriesNeeded(header: FrameHeader): number {
  return header.kind === 'birth' ? header.dictionaryVersion - header.count : header.dictionaryVersion;
}
