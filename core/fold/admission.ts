import { strict as assert } from 'node:assert';
import { decodeBirth } from '../frames/birth.ts';
import type { FrameFault } from '../frames/fault.ts';
import { type FrameHeader, readHeader, readProvenHeader } from '../frames/header.ts';
import { Ledger, type LedgerSnapshot } from '../ledger/ledger.ts';
import type { RecordFault } from '../records/record-codec.ts';
import type { AgentOrder, LogRecord } from '../records/record.ts';
import type { SeriesEntry } from '../series/series.ts';
import { AgentFold } from './agent-fold.ts';
import type { EndedEntry } from './silences.ts';

/** Frames parked per agent; a further one is given up, since no agent sends so far ahead of its births. */
export const PARKED_FRAMES_MAX = 1024;

/** A cut is repeated, if at all, right after a lost acknowledgement: so many ids back it is still known. */
export const CUT_IDS_KEPT = 64;

/** How whoever admits has the frames: as bytes in memory, or as places in an archive. */
export interface FrameAccess<Held> {
  /**
   * What is believed of an accepted frame. `bytes`: only what its own checksum says. `archive`: the broker accepted it by
   * its checksum, and another one has just proved the archived record unchanged, so that reading it again is spared.
   */
  readonly trust: 'bytes' | 'archive';
  /** What to keep of a frame of the record that is being admitted. */
  hold(frame: Uint8Array): Held;
  /** The bytes of a frame that was kept, the same as then; valid until the next call. */
  open(held: Held): Uint8Array;
}

/** A frame whose dictionary is not there yet; it folds at the position of the birth that brings it. */
export interface ParkedFrame<Held> {
  /** Dictionary entries that have to be known before. */
  readonly dictionaryVersion: number;
  readonly held: Held;
}

/** What admission knows of one agent. */
export interface AdmittedAgent<Held> {
  /** Number of the agent's life, from 0 on, in the order in which the records begin them. */
  readonly index: number;
  readonly fold: AgentFold;
  readonly ledger: Ledger;
  readonly parked: readonly ParkedFrame<Held>[];
}

/** A frame that folds at the position of the record that is being admitted; never a birth. */
export interface ReadyFrame<Held> {
  readonly header: FrameHeader;
  readonly held: Held;
}

/** A cut: its id, and the position of the first record with it. */
export interface KnownCut {
  readonly id: string;
  /** 0 for an older one that a resumed admission only knows by name. */
  readonly position: number;
}

/** Why a frame that the broker accepted folds nothing. */
export type Unfoldable = FrameFault | { readonly kind: 'parking-full'; readonly limit: number };

/** What becomes of one record. Everything that a reader of the log does with it follows from this. */
export type Outcome<Held> =
  /** The frame folds now. */
  | { readonly kind: 'fold'; readonly agent: AdmittedAgent<Held>; readonly frame: ReadyFrame<Held> }
  /** A birth: what waited for it folds now, but for births that can't be read. */
  | {
      readonly kind: 'learned';
      readonly agent: AdmittedAgent<Held>;
      readonly ready: readonly ReadyFrame<Held>[];
      readonly unfoldable: readonly Unfoldable[];
    }
  /** The frame waits for its dictionary. */
  | { readonly kind: 'parked'; readonly agent: AdmittedAgent<Held> }
  /** The frame's number has arrived before, with the same content as far as is known. */
  | { readonly kind: 'repeated'; readonly agent: AdmittedAgent<Held> }
  /** The frame's number has arrived before with other content, which stays the one that counts. */
  | { readonly kind: 'fork'; readonly agent: AdmittedAgent<Held> }
  /** What the frame holds can't be folded: its number is quarantined in the ledger, and never counts as arrived. */
  | { readonly kind: 'unfoldable'; readonly agent: AdmittedAgent<Held>; readonly reason: Unfoldable }
  /** The frame was accepted, but its header can't be read: nobody knows its number. */
  | { readonly kind: 'faulty'; readonly fault: FrameFault }
  /** The broker refused the frame; there is no agent where not even its number can be read. */
  | { readonly kind: 'refused'; readonly agent: AdmittedAgent<Held> | undefined }
  | { readonly kind: 'heartbeat'; readonly agent: AdmittedAgent<Held> }
  /** What a person decided about the agent; after a readmission it is the agent's next life. */
  | {
      readonly kind: 'ordered';
      readonly agent: AdmittedAgent<Held>;
      /** The series that the order ends, which is for whoever folds. */
      readonly ends?: Extract<AgentOrder, { readonly kind: 'end-series' }>;
    }
  /** A report of rows that the agent's source refused: it changes nothing here. */
  | { readonly kind: 'refusals' }
  /** A cut: ends the epoch named by the position `ends`. */
  | { readonly kind: 'cut'; readonly ends: number }
  /** A copy of a cut that is known. */
  | { readonly kind: 'repeated-cut' }
  /** The record can't be read. */
  | { readonly kind: 'unreadable'; readonly fault: RecordFault };

/** What a resumed admission has to be given of an agent. */
export interface AgentSnapshot<Held> {
  readonly agent: string;
  readonly ledger: LedgerSnapshot;
  readonly entries: readonly SeriesEntry[];
  readonly parked: readonly ParkedFrame<Held>[];
  /** Left out: none. */
  readonly ended?: readonly EndedEntry[];
}

/** Everything that a resumed admission needs: plain data. */
export interface AdmissionSnapshot<Held> {
  readonly position: number;
  /** The cuts that are known, oldest first. */
  readonly cuts: readonly KnownCut[];
  /** In the order of their numbers. */
  readonly agents: readonly AgentSnapshot<Held>[];
}

interface Agent<Held> extends AdmittedAgent<Held> {
  parked: ParkedFrame<Held>[];
}

/**
 * Decides what becomes of each record of a partition, in the order of the log: the first arrival of a number folds and
 * later ones don't (docs/design.md#the-ledger-is-part-of-the-fold), frames wait parked for the births of their series
 * (docs/design.md#a-frame-waits-for-its-birth), refused numbers are entered as such
 * (docs/design.md#the-verdict-is-given-once), and a repeated cut is none (docs/design.md#a-cut-ends-an-epoch).
 *
 * It is a function of the prefix, whoever runs it: the live fold, the planner of recompute, a refold. So all of them
 * fold the same frames at the same positions. It has no clock, and folds nothing itself.
 */
export class Admission<Held> {
  readonly #access: FrameAccess<Held>;
  readonly #agents: Agent<Held>[] = [];
  readonly #byName = new Map<string, Agent<Held>>();
  readonly #cuts: KnownCut[] = [];
  #position = 0;

  constructor(access: FrameAccess<Held>, resumed?: AdmissionSnapshot<Held>) {
    this.#access = access;
    if (resumed === undefined) return;
    this.#position = resumed.position;
    this.#cuts.push(...resumed.cuts);
    for (const { agent, entries, ...known } of resumed.agents) this.#enter(agent, entries, known);
  }

  /** Position of the last record admitted. */
  get position(): number {
    return this.#position;
  }

  /** Position of the last cut, 0 before the first: names the epoch that is open. */
  get epoch(): number {
    return this.#cuts.at(-1)?.position ?? 0;
  }

  /** The cuts that are known, oldest first. */
  get cuts(): readonly KnownCut[] {
    return this.#cuts;
  }

  /** The present life of every agent, in no order that matters. */
  get living(): Iterable<AdmittedAgent<Held>> {
    return this.#byName.values();
  }

  /** By their numbers: each life of an agent has one. */
  get agents(): readonly AdmittedAgent<Held>[] {
    return this.#agents;
  }

  agentNamed(name: string): AdmittedAgent<Held> | undefined {
    return this.#byName.get(name);
  }

  /** What a resumed admission goes on from. */
  snapshot(): AdmissionSnapshot<Held> {
    const agents = this.#agents.map(({ fold, ledger, parked }) => ({
      agent: fold.name,
      ledger: ledger.snapshot(),
      entries: [...fold.entries],
      parked: [...parked],
      ...(fold.ended.length === 0 ? {} : { ended: fold.ended }),
    }));
    return { position: this.#position, cuts: [...this.#cuts], agents };
  }

  /** Takes the record at `position`, which lies beyond all before, as `readRecord` gives it. */
  admit(position: number, record: LogRecord | RecordFault): Outcome<Held> {
    assert(position > this.#position, `position ${position} does not lie beyond ${this.#position}`);
    this.#position = position;
    switch (record.kind) {
      case 'record-fault':
        assert(record.code !== 'newer-record', 'who reads a log stops at a newer record (readRecord)');
        return { kind: 'unreadable', fault: record };
      case 'refusals':
        return { kind: 'refusals' };
      case 'heartbeat': {
        const agent = this.#agentOf(record.agent);
        agent.ledger.heartbeat(record.heartbeat);
        return { kind: 'heartbeat', agent };
      }
      case 'order':
        return this.#order(record.agent, record.order);
      case 'cut':
        return this.#cut(position, record.id);
      case 'frame':
        if (record.verdict.kind === 'accepted') return this.#accept(record.agent, record.frame);
        return this.#refuse(record.agent, record.frame);
    }
  }

  /**
   * A frame folds nothing: here, and by whoever folds, where the fault shows only in the frame's body. Its number is
   * quarantined, so that the frame is neither asked for again, nor missing, nor taken for folded.
   */
  unfoldable(
    agent: AdmittedAgent<Held>,
    { incarnation, sequence }: Pick<FrameHeader, 'incarnation' | 'sequence'>,
    reason: Unfoldable,
  ): Outcome<Held> {
    agent.ledger.quarantine(incarnation, sequence);
    return { kind: 'unfoldable', agent, reason };
  }

  #cut(position: number, id: string): Outcome<Held> {
    if (this.#cuts.some((cut) => cut.id === id)) return { kind: 'repeated-cut' };
    const ends = this.epoch;
    this.#cuts.push({ id, position });
    if (this.#cuts.length > CUT_IDS_KEPT) this.#cuts.shift();
    return { kind: 'cut', ends };
  }

  #order(name: string, order: AgentOrder): Outcome<Held> {
    const agent = this.#agentOf(name);
    const { ledger } = agent;
    switch (order.kind) {
      case 'readmit':
        return { kind: 'ordered', agent: ledger.standing.life === order.life ? this.#readmit(agent) : agent };
      case 'hand-over':
        ledger.retire(order.to);
        return { kind: 'ordered', agent };
      case 'inherit':
        ledger.inherit(order.reachedMs);
        return { kind: 'ordered', agent };
      case 'retire':
        ledger.retire(null);
        return { kind: 'ordered', agent };
      case 'give-up':
        ledger.giveUp(order.life, order);
        return { kind: 'ordered', agent };
      case 'end-series':
        return { kind: 'ordered', agent, ends: order };
    }
  }

  /**
   * The agent's next life is another agent of the same name: numbers and dictionary begin anew. What was parked waits for
   * births that can't come any more.
   */
  #readmit(agent: Agent<Held>): Agent<Held> {
    const unfolded = agent.parked.map(({ held }) => {
      const header = readHeader(this.#access.open(held));
      assert(header.kind !== 'fault', 'a parked frame had a sound header when it was parked');
      return { incarnation: header.incarnation, from: header.sequence, to: header.sequence };
    });
    const next = agent.ledger.readmitted(unfolded);
    for (const { incarnation, from } of unfolded) agent.ledger.release(incarnation, from);
    agent.parked = [];
    return this.#enter(agent.fold.name, [], { ledger: next.snapshot() });
  }

  #refuse(name: string, frame: Uint8Array): Outcome<Held> {
    const header = readHeader(frame);
    if (header.kind === 'fault') return { kind: 'refused', agent: undefined };
    const agent = this.#agentOf(name);
    agent.ledger.refuse(header.incarnation, header.sequence);
    return { kind: 'refused', agent };
  }

  #accept(name: string, frame: Uint8Array): Outcome<Held> {
    const header = this.#access.trust === 'archive' ? readProvenHeader(frame) : readHeader(frame);
    if (header.kind === 'fault') return { kind: 'faulty', fault: header };
    const agent = this.#agentOf(name);
    const { incarnation, sequence, checksum, watermarkMs } = header;
    const dictionaryVersion = entriesNeeded(header);
    const waits = !agent.fold.knows(dictionaryVersion) && agent.parked.length < PARKED_FRAMES_MAX;
    const arrival = agent.ledger.arrive(incarnation, sequence, checksum, watermarkMs, waits);
    if (arrival === 'repeat') return { kind: 'repeated', agent };
    if (arrival === 'fork') return { kind: 'fork', agent };
    if (waits) {
      agent.parked.push({ dictionaryVersion, held: this.#access.hold(frame) });
      return { kind: 'parked', agent };
    }
    if (!agent.fold.knows(dictionaryVersion)) {
      return this.unfoldable(agent, header, { kind: 'parking-full', limit: PARKED_FRAMES_MAX });
    }
    if (header.kind !== 'birth') {
      tellReach(agent, header);
      return { kind: 'fold', agent, frame: { header, held: this.#access.hold(frame) } };
    }
    const fault = learn(agent, header, frame);
    return fault === null ? { kind: 'learned', agent, ...this.#release(agent) } : this.unfoldable(agent, header, fault);
  }

  /** After a birth: gives what waited for it, and takes up the births among them with what waited for these. */
  #release(agent: Agent<Held>): { readonly ready: readonly ReadyFrame<Held>[]; readonly unfoldable: Unfoldable[] } {
    const ready: ReadyFrame<Held>[] = [];
    const unfoldable: Unfoldable[] = [];
    const waited = agent.parked.filter(({ dictionaryVersion }) => agent.fold.knows(dictionaryVersion));
    agent.parked = agent.parked.filter(({ dictionaryVersion }) => !agent.fold.knows(dictionaryVersion));
    for (const { held } of waited) {
      const bytes = this.#access.open(held);
      const header = readHeader(bytes);
      assert(header.kind !== 'fault', 'a parked frame had a sound header when it was parked');
      agent.ledger.release(header.incarnation, header.sequence);
      if (header.kind !== 'birth') {
        tellReach(agent, header);
        ready.push({ header, held });
        continue;
      }
      const fault = learn(agent, header, bytes);
      if (fault !== null) {
        agent.ledger.quarantine(header.incarnation, header.sequence);
        unfoldable.push(fault);
        continue;
      }
      const further = this.#release(agent);
      ready.push(...further.ready);
      unfoldable.push(...further.unfoldable);
    }
    return { ready, unfoldable };
  }

  #agentOf(name: string): Agent<Held> {
    return this.#byName.get(name) ?? this.#enter(name);
  }

  #enter(
    name: string,
    entries?: readonly SeriesEntry[],
    { ledger, parked = [], ended }: Partial<AgentSnapshot<Held>> = {},
  ): Agent<Held> {
    const agent: Agent<Held> = {
      index: this.#agents.length,
      fold: new AgentFold(name, entries, ended),
      ledger: ledger === undefined ? new Ledger() : Ledger.open(ledger),
      parked: [...parked],
    };
    this.#agents.push(agent);
    this.#byName.set(name, agent);
    return agent;
  }
}

/** The frames that fold at the position of a record with this outcome, in their order. */
export function readyFrames<Held>(outcome: Outcome<Held>): readonly ReadyFrame<Held>[] {
  if (outcome.kind === 'fold') return [outcome.frame];
  return outcome.kind === 'learned' ? outcome.ready : [];
}

/** How many dictionary entries have to be known before the frame folds: for a birth, those before its own. */
function entriesNeeded(header: FrameHeader): number {
  return header.kind === 'birth' ? header.dictionaryVersion - header.count : header.dictionaryVersion;
}

/** Enters into the ledger what event time a frame reaches: before its first reading lies what a gauge may have held. */
function tellReach({ fold, ledger }: Agent<unknown>, { count, earliestMs, latestMs }: FrameHeader): void {
  if (count === 0) return;
  ledger.reach(ledger.formerMs !== null ? earliestMs - fold.longestHoldMs : earliestMs, latestMs);
}

/** Takes up what a birth says, or gives what is wrong with it. */
function learn({ fold, ledger }: Agent<unknown>, header: FrameHeader, bytes: Uint8Array): FrameFault | null {
  const frame = decodeBirth(bytes, header);
  if (frame.kind === 'fault') return frame;
  const { previous, firstIndex, entries } = frame.birth;
  if (previous !== null) ledger.previous(previous);
  fold.learn(firstIndex, entries);
  return null;
}
