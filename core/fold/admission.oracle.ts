import type { MissingRange } from '../ledger/ledger.ts';
import { toldDevice, type ToldFrame, type ToldRecord, type ToldSlices } from './admission.fixtures.ts';

/** What whoever reads a log knows at its end, in plain values. */
export interface AdmissionState {
  /** What became of each record. */
  readonly outcomes: readonly string[];
  /** Slices of the frames that folded, each with the position at which it did. */
  readonly folded: ReadonlyMap<number, number>;
  readonly cuts: readonly { readonly id: string; readonly position: number }[];
  readonly epoch: number;
  readonly agents: readonly AgentState[];
}

export interface AgentState {
  readonly name: string;
  /** The devices of its dictionary. */
  readonly devices: readonly string[];
  readonly parked: number;
  readonly forks: number;
  readonly watermarkMs: number | null;
  /** Numbers known to exist that did not arrive, as "incarnation/number". */
  readonly missing: readonly string[];
  /** As "incarnation/number", whether it was accepted or refused. */
  readonly arrived: number;
  readonly quarantined: number;
  /** Highest incarnation, and highest number of it that is there. */
  readonly head: string;
  /** Its number, and what was decided about it. */
  readonly life: number;
  readonly retired: boolean;
  readonly handedTo: string | null;
  /** Numbers that former lives lost, as "life/incarnation/number", in no order. */
  readonly lost: readonly string[];
}

/** Everything that was ever said of an agent. */
interface Agent {
  readonly name: string;
  readonly devices: string[];
  readonly waiting: ToldFrame[];
  forks: number;
  /** By "incarnation/number": the content that came first, or that it was refused. */
  readonly numbers: Map<string, ToldFrame | 'refused'>;
  /** Numbers of what can't be folded. */
  readonly faulty: Set<string>;
  /** Incarnation, number, and the watermark that holds once all numbers up to it are there. */
  life: number;
  retired: boolean;
  handedTo: string | null;
  lost: readonly string[];
  /** Numbers that are waited for no longer, as "incarnation/number". */
  readonly givenUp: Set<string>;
  readonly marks: (readonly [incarnation: number, sequence: number, watermarkMs: number | null])[];
}

/** Tells the same from the start: it remembers everything that was said, and looks at all of it for each answer. */
export function admitSlowly(records: readonly ToldRecord[], slices: ToldSlices): AdmissionState {
  const agents: Agent[] = [];
  const cuts: { id: string; position: number }[] = [];
  const folded = new Map<number, number>();
  const agentOf = (name: string): Agent => {
    const known = agents.findLast((one) => one.name === name);
    if (known !== undefined) return known;
    const fresh = bornAgent(name);
    agents.push(fresh);
    return fresh;
  };
  const outcomes = records.map((record, i): string => {
    const position = i + 1;
    switch (record.kind) {
      case 'unreadable':
        return 'unreadable';
      case 'refusals':
        return 'refusals';
      case 'noise':
        return record.isRefused ? 'refused' : 'faulty';
      case 'cut':
        if (cuts.some(({ id }) => id === record.id)) return 'repeated-cut';
        cuts.push({ id: record.id, position });
        return 'cut';
      case 'heartbeat': {
        const { incarnation, highestSequence, watermarkMs } = record.heartbeat;
        const agent = agentOf(record.agent);
        agent.marks.push([incarnation, highestSequence, watermarkMs]);
        agent.retired &&= agent.handedTo !== null;
        return 'heartbeat';
      }
      case 'order': {
        const agent = agentOf(record.agent);
        const { order } = record;
        if (order.kind === 'readmit') {
          if (order.life === agent.life) agents.push(nextLife(agent));
        } else if (order.kind === 'give-up') {
          if (order.life === agent.life) giveUp(agent, order);
        } else if (order.kind !== 'end-series' && order.kind !== 'inherit') {
          agent.retired = true;
          if (order.kind === 'hand-over') agent.handedTo = order.to;
        }
        return 'ordered';
      }
      case 'frame': {
        const { frame } = record;
        const agent = agentOf(frame.agent);
        const number = `${frame.incarnation}/${frame.sequence}`;
        const before = agent.numbers.get(number);
        if (record.isRefused) {
          if (before === undefined) agent.numbers.set(number, 'refused');
          return 'refused';
        }
        if (before === 'refused') return 'repeated';
        if (before !== undefined) {
          if (isSame(before, frame)) return 'repeated';
          agent.forks++;
          return 'fork';
        }
        agent.numbers.set(number, frame);
        agent.retired &&= agent.handedTo !== null;
        agent.marks.push([frame.incarnation, frame.sequence, frame.watermarkMs]);
        return takeUp(agent, frame, (one) => folded.set(slices.of(one), position));
      }
    }
  });
  return { outcomes, folded, cuts, epoch: cuts.at(-1)?.position ?? 0, agents: agents.map(stateOf) };
}

function bornAgent(name: string): Agent {
  const numbers = new Map<string, ToldFrame | 'refused'>();
  return {
    name,
    devices: [],
    waiting: [],
    forks: 0,
    numbers,
    marks: [],
    faulty: new Set(),
    life: 0,
    retired: false,
    handedTo: null,
    lost: [],
    givenUp: new Set(),
  };
}

/** Nobody waits any more for what is missing, nor for the birth of what is here. */
function giveUp(agent: Agent, { incarnation, from, to }: MissingRange): void {
  const waiting = agent.waiting.map((one) => `${one.incarnation}/${one.sequence}`);
  for (const number of [...stateOf(agent).missing, ...waiting]) {
    const [of, sequence] = number.split('/').map(Number);
    if (of === incarnation && sequence! >= from && sequence! <= to) agent.givenUp.add(number);
  }
}

/** What comes after an agent's disk was lost; what waited for births waits in vain. */
function nextLife(agent: Agent): Agent {
  const unfolded = agent.waiting.map(({ incarnation, sequence }) => `${incarnation}/${sequence}`);
  const gone = [...stateOf(agent).missing, ...unfolded].map((number) => `${agent.life}/${number}`);
  agent.waiting.length = 0;
  return {
    ...bornAgent(agent.name),
    life: agent.life + 1,
    forks: agent.forks,
    lost: [...stateOf(agent).lost, ...gone],
  };
}

function isSame(a: ToldFrame, b: ToldFrame): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function needs({ holds }: ToldFrame): number {
  return holds.kind === 'birth' ? holds.firstIndex : holds.dictionaryVersion;
}

function takeUp(agent: Agent, frame: ToldFrame, fold: (frame: ToldFrame) => void): string {
  if (needs(frame) > agent.devices.length) {
    agent.waiting.push(frame);
    return 'parked';
  }
  if (frame.isFaulty) {
    agent.faulty.add(`${frame.incarnation}/${frame.sequence}`);
    return 'unfoldable';
  }
  if (frame.holds.kind !== 'birth') {
    fold(frame);
    return 'fold';
  }
  const { firstIndex, entries, previous } = frame.holds;
  if (previous !== null) agent.marks.push([previous.incarnation, previous.lastSequence, null]);
  for (let index = firstIndex; index < firstIndex + entries; index++) agent.devices[index] ??= toldDevice(frame, index);
  const ready = agent.waiting.filter((one) => needs(one) <= agent.devices.length);
  for (const one of ready) agent.waiting.splice(agent.waiting.indexOf(one), 1);
  for (const one of ready) takeUp(agent, one, fold);
  return 'learned';
}

function stateOf(agent: Agent): AgentState {
  const numbers = [...agent.numbers.keys()].map((number) => number.split('/').map(Number) as [number, number]);
  const incarnations = [...new Set([...numbers, ...agent.marks].map(([incarnation]) => incarnation))];
  incarnations.sort((a, b) => a - b);
  const missing: string[] = [];
  let watermarkMs: number | null = null;
  for (const incarnation of incarnations) {
    const there = new Set(numbers.filter(([of]) => of === incarnation).map(([, sequence]) => sequence));
    const marks = agent.marks.filter(([of]) => of === incarnation);
    const known = Math.max(0, ...there, ...marks.map(([, sequence]) => sequence));
    const lacking = Array.from({ length: known }, (_, i) => i + 1)
      .filter((sequence) => !there.has(sequence))
      .filter((sequence) => !agent.givenUp.has(`${incarnation}/${sequence}`));
    missing.push(...lacking.map((sequence) => `${incarnation}/${sequence}`));
    // What waits for a birth is here, and yet nothing that an answer could hold.
    const waiting = agent.waiting
      .filter((one) => one.incarnation === incarnation)
      .map(({ sequence }) => sequence)
      .filter((sequence) => !agent.givenUp.has(`${incarnation}/${sequence}`));
    const complete = Math.min(lacking[0] ?? known + 1, ...waiting) - 1;
    const holding = marks.filter(([, sequence, mark]) => mark !== null && sequence <= complete);
    if (holding.length > 0) watermarkMs = Math.max(...holding.map(([, , mark]) => mark!));
  }
  const newest = incarnations.at(-1) ?? 0;
  const quarantined = [...agent.numbers].filter(([number, state]) => state === 'refused' || agent.faulty.has(number));
  return {
    name: agent.name,
    devices: agent.devices,
    parked: agent.waiting.length,
    forks: agent.forks,
    life: agent.life,
    retired: agent.retired,
    handedTo: agent.handedTo,
    lost: [
      ...agent.lost,
      ...[...agent.givenUp].filter((number) => !agent.numbers.has(number)).map((number) => `${agent.life}/${number}`),
    ].toSorted(),
    watermarkMs,
    missing,
    arrived: agent.numbers.size - quarantined.length,
    quarantined: quarantined.length,
    head: `${newest}/${Math.max(0, ...numbers.filter(([of]) => of === newest).map(([, sequence]) => sequence))}`,
  };
}
