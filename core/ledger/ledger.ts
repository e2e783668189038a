import type { PreviousIncarnation } from '../frames/birth.ts';
import type { Heartbeat } from '../records/record.ts';
import {
  countOf,
  Incarnation,
  type IncarnationSnapshot,
  type NumberRange,
  SPANS_KEPT,
  type Stain,
} from './incarnation.ts';

/** What the ledger says of a frame number: fold it, leave it (it has been folded), or name the agent forked. */
export type Arrival = 'first' | 'repeat' | 'fork';

/** How many checksums of recent numbers are kept per agent to tell a repeat from a fork; older numbers count as repeats. */
export const CHECKSUMS_KEPT = 256;
/** How many watermarks wait for a missing number; beyond it the oldest waiting ones are forgotten, which only delays `final`. */
export const WATERMARKS_WAITING_MAX = 4096;

export interface MissingRange extends NumberRange {
  readonly incarnation: number;
}

/** Numbers that are missing for good: of an agent's former lives, or given up. */
export interface LostRange extends MissingRange {
  readonly life: number;
}

/** Ranges that are kept of what former lives lost; of more, the oldest are known by their count alone. */
export const LOST_RANGES_MAX = 1024;

/** What a person decided about the agent, beside what its frames say. */
export interface AgentDecision {
  /** How often the agent was let begin anew. */
  readonly life: number;
  /** True while nothing more is expected of the agent. */
  readonly retired: boolean;
  /** The agent that has its series now. */
  readonly handedTo: string | null;
}

/** What a ledger says of its agent. */
export interface AgentProgress {
  /**
   * Event time before which nothing more is expected but in the stains, counted only up to the first missing number of
   * which nobody knows the event time.
   */
  readonly watermarkMs: number | null;
  /** True when a number is known to exist that has not arrived, or something may have been counted twice. */
  readonly holes: boolean;
  /**
   * The event time that all missing frames reach, and that is doubted; left out where nothing is missing or doubted, or
   * where what is missing is not known of all.
   */
  readonly stains?: readonly Stain[];
}

export interface LedgerSnapshot {
  readonly incarnations: readonly IncarnationSnapshot[];
  readonly checksums: readonly (readonly [string, number])[];
  readonly forks: number;
  /** Absent of an agent that nobody has decided anything about. */
  readonly standing?: AgentDecision;
  readonly lost?: { readonly ranges: readonly LostRange[]; readonly count: number };
  /** Absent of an agent whose frames have reached no event time, as are the others of one that has not begun anew. */
  readonly reachedMs?: number;
  readonly formerMs?: number;
  readonly doubted?: readonly Stain[];
}

/**
 * Which frame numbers of one agent have been folded, which were refused and which are missing
 * (docs/design.md#the-ledger-is-part-of-the-fold, docs/design.md#a-watermark-needs-every-number-below-it). Part of the
 * fold: the same prefix of the log gives the same ledger.
 */
export class Ledger {
  readonly #incarnations = new Map<number, Incarnation>();
  readonly #checksums = new Map<string, number>();
  #forks = 0;
  /** The highest incarnation of which a frame has arrived. */
  #newest = 0;
  #standing: AgentDecision = { life: 0, retired: false, handedTo: null };
  #lost: readonly LostRange[] = [];
  #lostCount = 0;
  /** The highest event time that a frame of this life has told of, and the highest of the lives before and of who left it series. */
  #reachedMs: number | null = null;
  #formerMs: number | null = null;
  #doubted: readonly Stain[] = [];

  static open(snapshot: LedgerSnapshot): Ledger {
    const ledger = new Ledger();
    for (const one of snapshot.incarnations) {
      const opened = new Incarnation(one);
      ledger.#incarnations.set(one.incarnation, opened);
      if (opened.arrived.highest > 0) ledger.#newest = Math.max(ledger.#newest, one.incarnation);
    }
    for (const [number, checksum] of snapshot.checksums) ledger.#checksums.set(number, checksum);
    ledger.#forks = snapshot.forks;
    if (snapshot.standing !== undefined) ledger.#standing = snapshot.standing;
    ledger.#lost = snapshot.lost?.ranges ?? [];
    ledger.#lostCount = snapshot.lost?.count ?? 0;
    ledger.#reachedMs = snapshot.reachedMs ?? null;
    ledger.#formerMs = snapshot.formerMs ?? null;
    ledger.#doubted = snapshot.doubted ?? [];
    return ledger;
  }

  /**
   * The ledger of the agent's next life, which begins its numbers anew. What this life misses, and the numbers that have
   * arrived without being folded (`unfolded`), stay named as lost.
   */
  readmitted(unfolded: readonly MissingRange[]): Ledger {
    const { life } = this.#standing;
    const next = new Ledger();
    next.#standing = { life: life + 1, retired: false, handedTo: null };
    next.#forks = this.#forks;
    next.#doubted = this.#doubted;
    next.#formerMs = this.reachedMs;
    const gone = [...this.missing(LOST_RANGES_MAX), ...unfolded].map((range) => ({ life, ...range }));
    const { ranges, count } = this.lost;
    next.#lost = [...ranges, ...gone].slice(-LOST_RANGES_MAX);
    next.#lostCount = count + this.counts().missing + unfolded.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return next;
  }

  /** The highest event time that the agent has told of in any of its lives, or that it inherited; null where there is none. */
  get reachedMs(): number | null {
    // Of what arrived before this was kept, the watermark tells.
    const reachedMs = this.#reachedMs ?? this.progress().watermarkMs;
    return reachedMs === null ? this.#formerMs : Math.max(reachedMs, this.#formerMs ?? reachedMs);
  }

  /** The series of an agent that has told of event time up to `reachedMs` are this one's from here on: it doesn't know which of it. */
  inherit(reachedMs: number): void {
    this.#formerMs = Math.max(reachedMs, this.#formerMs ?? reachedMs);
  }

  /** The event time that a former life, or who had its series before, has reached: what is told of it again is doubted. */
  get formerMs(): number | null {
    return this.#formerMs;
  }

  /** The event time of which this life told what another may have told too: it may be counted twice. */
  get doubted(): readonly Stain[] {
    return this.#doubted;
  }

  /** Enters the event time that a frame reaches which folds: nobody knows what of it another had told before. */
  reach(fromMs: number, toMs: number): void {
    this.#reachedMs = Math.max(toMs, this.#reachedMs ?? toMs);
    if (this.#formerMs === null || fromMs > this.#formerMs) return;
    this.#doubted = joinedStains([...this.#doubted, { fromMs, toMs: Math.min(toMs, this.#formerMs) }]);
  }

  /** Nothing more is expected of the agent, until it speaks again; with `handedTo`, not even then. */
  retire(handedTo: string | null): void {
    this.#standing = { ...this.#standing, retired: true, handedTo: handedTo ?? this.#standing.handedTo };
  }

  get standing(): AgentDecision {
    return this.#standing;
  }

  /** What former lives lost and what is given up of this one, and how many numbers these are. */
  get lost(): { readonly ranges: readonly LostRange[]; readonly count: number } {
    const { life } = this.#standing;
    const ranges = [...this.#lost];
    let count = this.#lostCount;
    for (const [incarnation, one] of this.#incarnations) {
      count += one.lostCount;
      for (const range of one.lost(LOST_RANGES_MAX)) ranges.push({ life, incarnation, ...range });
    }
    return { ranges: ranges.slice(-LOST_RANGES_MAX), count };
  }

  /** Nobody waits any more for the numbers of the agent's life number `life` that are missing; one that comes counts. */
  giveUp(life: number, { incarnation, from, to }: MissingRange): void {
    const one = this.#incarnations.get(incarnation);
    if (one === undefined || life !== this.#standing.life) return;
    one.giveUp(from, to);
    one.settleWatermarks();
  }

  /** Whether some of the numbers are missing. */
  misses({ incarnation, from, to }: MissingRange): boolean {
    const gaps = this.#incarnations.get(incarnation)?.missing(Number.POSITIVE_INFINITY) ?? [];
    return gaps.some((gap) => gap.from <= to && gap.to >= from);
  }

  /** Whether anything of the agent's present life is known. */
  get hasBegun(): boolean {
    return this.#incarnations.size > 0;
  }

  /**
   * Enters a frame. Only `first` may be folded, and one that `waits` for a birth only once that has come: until then what
   * it holds is missing from every answer.
   */
  arrive(incarnation: number, sequence: number, checksum: number, watermarkMs: number | null, waits = false): Arrival {
    const one = this.#open(incarnation);
    const number = `${incarnation}/${sequence}`;
    if (!one.arrive(sequence)) {
      const known = this.#checksums.get(number);
      if (known === undefined || known === checksum) return 'repeat';
      this.#forks++;
      return 'fork';
    }
    if (this.#checksums.size >= CHECKSUMS_KEPT) this.#checksums.delete(this.#checksums.keys().next().value!);
    this.#checksums.set(number, checksum);
    this.#newest = Math.max(this.#newest, incarnation);
    this.#return();
    one.known = Math.max(one.known, sequence);
    if (waits) one.parked.add(sequence);
    this.#await(one, sequence, watermarkMs);
    return 'first';
  }

  /** Whether a frame that the agent made later than this one has arrived: the frame was overtaken on its way. */
  isOvertaken(incarnation: number, sequence: number): boolean {
    return incarnation < this.#newest || (this.#incarnations.get(incarnation)?.arrived.highest ?? 0) > sequence;
  }

  /** The birth has come: the frame folds. */
  release(incarnation: number, sequence: number): void {
    const one = this.#open(incarnation);
    if (one.parked.delete(sequence)) one.settleWatermarks();
  }

  /** A frame that has arrived can't be folded: its number is quarantined, like one that the broker refused. */
  quarantine(incarnation: number, sequence: number): void {
    this.#open(incarnation).quarantined.add(sequence);
  }

  /** Enters the number of a frame that the broker refused: it is neither folded nor missing. */
  refuse(incarnation: number, sequence: number): void {
    const one = this.#open(incarnation);
    if (!one.arrive(sequence)) return;
    one.quarantined.add(sequence);
    one.known = Math.max(one.known, sequence);
    one.settleWatermarks();
  }

  heartbeat(heartbeat: Heartbeat): void {
    this.#return();
    const one = this.#open(heartbeat.incarnation);
    one.known = Math.max(one.known, heartbeat.highestSequence);
    one.closed ||= heartbeat.closed;
    one.outstanding.tell(heartbeat.outstanding ?? []);
    this.#await(one, heartbeat.highestSequence, heartbeat.watermarkMs);
  }

  /** Enters what a birth says of the incarnation before it. */
  previous(previous: PreviousIncarnation): void {
    const one = this.#open(previous.incarnation);
    one.known = Math.max(one.known, previous.lastSequence);
    one.closed ||= previous.closed;
    one.settleWatermarks();
  }

  progress(): AgentProgress {
    let holes = this.#doubted.length > 0;
    let newest = 0;
    let watermarkMs: number | null = null;
    let stains: readonly Stain[] | undefined = this.#doubted;
    for (const [incarnation, one] of this.#incarnations) {
      holes ||= one.holes;
      const own: readonly Stain[] | undefined = one.stains;
      stains = stains === undefined || own === undefined ? undefined : own.length === 0 ? stains : [...stains, ...own];
      if (one.watermarkMs === null || incarnation < newest) continue;
      newest = incarnation;
      watermarkMs = one.watermarkMs;
    }
    return holes && stains !== undefined
      ? { watermarkMs, holes, stains: joinedStains(stains) }
      : { watermarkMs, holes };
  }

  /** Highest incarnation and its highest known number: what an agent is told when it connects. */
  head(): { readonly incarnation: number; readonly highestSequence: number } {
    let incarnation = 0;
    for (const one of this.#incarnations.keys()) incarnation = Math.max(incarnation, one);
    return { incarnation, highestSequence: this.#incarnations.get(incarnation)?.arrived.highest ?? 0 };
  }

  /** The highest number that has arrived of each of the newest incarnations that are known, the newest first. */
  heads(limit: number): { readonly incarnation: number; readonly highestSequence: number }[] {
    const newest = [...this.#incarnations].toSorted(([a], [b]) => b - a).slice(0, limit);
    return newest.map(([incarnation, { arrived }]) => ({ incarnation, highestSequence: arrived.highest }));
  }

  get forks(): number {
    return this.#forks;
  }

  missing(limit: number): MissingRange[] {
    const ranges: MissingRange[] = [];
    for (const [incarnation, one] of [...this.#incarnations].toSorted(([a], [b]) => a - b)) {
      for (const gap of one.missing(limit - ranges.length)) ranges.push({ incarnation, ...gap });
    }
    return ranges;
  }

  /** How many numbers of each state there are, over all incarnations. */
  counts(): { readonly arrived: number; readonly quarantined: number; readonly missing: number } {
    let arrived = 0;
    let quarantined = 0;
    let missing = 0;
    for (const one of this.#incarnations.values()) {
      const refused = countOf(one.quarantined);
      const all = countOf(one.arrived);
      quarantined += refused;
      arrived += all - refused;
      missing += one.known - all - one.lostCount;
    }
    return { arrived, quarantined, missing };
  }

  snapshot(): LedgerSnapshot {
    return {
      incarnations: [...this.#incarnations].map(([incarnation, one]) => ({
        incarnation,
        arrived: one.arrived.snapshot(),
        quarantined: one.quarantined.snapshot(),
        known: one.known,
        closed: one.closed,
        watermarkMs: one.watermarkMs,
        waiting: [...one.waiting],
        ...(one.parked.size === 0 ? {} : { parked: [...one.parked] }),
        ...(one.givenUp.highest === 0 ? {} : { givenUp: one.givenUp.snapshot() }),
        ...(one.outstanding.all.length === 0 ? {} : { outstanding: one.outstanding.all }),
      })),
      checksums: [...this.#checksums],
      forks: this.#forks,
      ...(isUntouched(this.#standing) ? {} : { standing: this.#standing }),
      ...(this.#reachedMs === null ? {} : { reachedMs: this.#reachedMs }),
      ...(this.#formerMs === null ? {} : { formerMs: this.#formerMs }),
      ...(this.#doubted.length === 0 ? {} : { doubted: this.#doubted }),
      ...(this.#lostCount === 0 ? {} : { lost: { ranges: this.#lost, count: this.#lostCount } }),
    };
  }

  /** Whoever speaks is expected to go on. */
  #return(): void {
    const { retired, handedTo } = this.#standing;
    if (retired && handedTo === null) this.#standing = { ...this.#standing, retired: false };
  }

  #open(incarnation: number): Incarnation {
    let one = this.#incarnations.get(incarnation);
    if (one === undefined) {
      one = new Incarnation();
      this.#incarnations.set(incarnation, one);
    }
    return one;
  }

  #await(one: Incarnation, sequence: number, watermarkMs: number | null): void {
    if (watermarkMs !== null) {
      if (one.waiting.size >= WATERMARKS_WAITING_MAX) one.waiting.delete(one.waiting.keys().next().value!);
      one.waiting.set(sequence, Math.max(watermarkMs, one.waiting.get(sequence) ?? watermarkMs));
    }
    one.settleWatermarks();
  }
}

function isUntouched({ life, retired, handedTo }: AgentDecision): boolean {
  return life === 0 && !retired && handedTo === null;
}

/** The same stains apart from each other, ascending; more than SPANS_KEPT are taken together. */
function joinedStains(stains: readonly Stain[]): readonly Stain[] {
  const joined: Stain[] = [];
  for (const stain of stains.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last === undefined || (stain.fromMs > last.toMs + 1 && joined.length < SPANS_KEPT)) joined.push(stain);
    else joined[joined.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, stain.toMs) };
  }
  return joined;
}
