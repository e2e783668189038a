import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#backbone/log/log.ts';
import type { AgentDecision, MissingRange } from '#core/ledger/ledger.ts';
import { partitionOf } from '#core/records/partition.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import type { AgentOrder } from '#core/records/record.ts';
import { type SeriesName, tagsKey } from '#core/series/series.ts';
import type { SeriesClaims } from './claims.ts';

/** How long an order waits until the fold has met it, so that the agent can be started at once. */
export const ORDER_FOLDED_TIMEOUT_MS = 5_000;
const ORDER_FOLDED_LOOK_MS = 20;

/** What became of an order. `changed` is false where it had been given before. */
export type OrderOutcome =
  | { readonly kind: 'done'; readonly changed: boolean; readonly series: number }
  | { readonly kind: 'refused'; readonly reason: 'unknown' | 'online'; readonly agent: string }
  /** Not one series of the agent is meant, but several, or none of those of the metric and device. */
  | { readonly kind: 'not-one'; readonly agent: string; readonly meant: number; readonly known: readonly SeriesName[] };

/** What the fold knows of an agent: what was decided about it, and whether its present life has begun. */
export type KnownStanding = AgentDecision & {
  readonly hasBegun: boolean;
  /** The highest event time that it has told of or inherited, and the one up to which what it tells is doubted; null where there is none. */
  readonly reachedMs: number | null;
  readonly formerMs: number | null;
  /** Whether some of the numbers are missing. */
  readonly misses: (range: MissingRange) => boolean;
};

export interface AgentOrdersOptions {
  readonly log: Pick<Log, 'partitions' | 'append'>;
  readonly claims: SeriesClaims;
  readonly clock: () => number;
  readonly isOnline: (agent: string) => boolean;
  readonly standingOf: (agent: string) => KnownStanding | undefined;
  /** The series of an agent, a series as often as something else was said of it. */
  readonly seriesOf: (agent: string) => readonly SeriesName[];
  /** What is known beside the fold of an agent that an order is about has to be looked at anew. */
  readonly onOrdered: (agent: string) => void;
  /** A series of an agent is ended, which is to be told of it. */
  readonly onSeriesEnded: (agent: string) => void;
}

/**
 * What a person can decide about an agent that is gone (docs/design.md#a-gateway-can-be-replaced). Each decision is a record of
 * the log, and the second time does nothing. An agent that is connected is not gone: its orders are refused.
 */
export class AgentOrders {
  readonly #options: AgentOrdersOptions;

  constructor(options: AgentOrdersOptions) {
    this.#options = options;
  }

  /** Lets an agent whose disk is lost begin anew under its name. */
  async readmit(agent: string): Promise<OrderOutcome> {
    const standing = this.#options.standingOf(agent);
    const refused = this.#refuse(agent, standing);
    if (refused !== undefined) return refused;
    const { life, hasBegun, retired } = standing!;
    if (!hasBegun && !retired) return done(false);
    await this.#append(agent, { kind: 'readmit', life }, (now) => now.life > life);
    this.#options.onOrdered(agent);
    return done(true);
  }

  /** Nothing more is expected of the agent, unless it speaks again. */
  async retire(agent: string): Promise<OrderOutcome> {
    const standing = this.#options.standingOf(agent);
    const refused = this.#refuse(agent, standing);
    if (refused !== undefined) return refused;
    if (standing!.retired) return done(false);
    await this.#append(agent, { kind: 'retire' }, (now) => now.retired);
    return done(true);
  }

  /**
   * The series of `from` are those of `to` from here on; of `from` nothing more is expected. What `to` tells of event time
   * that `from` had reached is doubted: it may tell it once more.
   */
  async handOver(from: string, to: string): Promise<OrderOutcome> {
    const { standingOf, claims, clock, onOrdered } = this.#options;
    const standing = standingOf(from);
    const refused = this.#refuse(from, standing);
    if (refused !== undefined) return refused;
    const heir = standingOf(to);
    // An agent that gets back what it gave away may speak again.
    if (heir !== undefined && heir.handedTo !== null) {
      await this.#append(to, { kind: 'readmit', life: heir.life }, (now) => now.life > heir.life);
    }
    const isNew = standing!.handedTo !== to;
    if (isNew) await this.#append(from, { kind: 'hand-over', to }, (now) => now.handedTo === to);
    // Where the fold is behind, nobody knows yet how far `from` had got: to now at most.
    const left = standingOf(from)!;
    const reachedMs = left.handedTo === to ? left.reachedMs : clock();
    if (reachedMs !== null) await this.#inherit(to, reachedMs);
    const series = await claims.move(from, to);
    for (const agent of [from, to]) onOrdered(agent);
    return { kind: 'done', changed: isNew || series > 0, series };
  }

  /**
   * Nothing more is expected of a series from a time on, until it speaks again; `tags` are as many of its tags as tell it from
   * others of its metric and device. The agent may be connected.
   */
  async endSeries(agent: string, { metric, device, tags }: SeriesName, fromMs?: number): Promise<OrderOutcome> {
    const { seriesOf, standingOf, log, clock, onSeriesEnded } = this.#options;
    if (standingOf(agent) === undefined) return { kind: 'refused', reason: 'unknown', agent };
    const known = distinct(seriesOf(agent).filter((one) => one.metric === metric && one.device === device));
    const meant = known.filter((one) => Object.entries(tags).every(([tag, text]) => one.tags[tag] === text));
    const [only] = meant;
    if (only === undefined || meant.length > 1) return { kind: 'not-one', agent, meant: meant.length, known };
    const atMs = clock();
    const order = { kind: 'end-series', metric, device, tags: only.tags, fromMs: fromMs ?? atMs } as const;
    await log.append(partitionOf(agent, log.partitions), encodeRecord({ kind: 'order', agent, atMs, order }));
    onSeriesEnded(agent);
    return done(true);
  }

  /** Nobody waits any more for frames that are lost; the agent may be connected. */
  async giveUp(agent: string, range: MissingRange): Promise<OrderOutcome> {
    const standing = this.#options.standingOf(agent);
    if (standing === undefined) return { kind: 'refused', reason: 'unknown', agent };
    if (!standing.misses(range)) return done(false);
    const { incarnation, from, to } = range;
    const order = { kind: 'give-up', life: standing.life, incarnation, from, to } as const;
    await this.#append(agent, order, (now) => !now.misses(range));
    return done(true);
  }

  async #inherit(to: string, reachedMs: number): Promise<void> {
    const knows = ({ formerMs }: KnownStanding): boolean => formerMs !== null && formerMs >= reachedMs;
    const heir = this.#options.standingOf(to);
    if (heir === undefined || !knows(heir)) await this.#append(to, { kind: 'inherit', reachedMs }, knows);
  }

  #refuse(agent: string, standing: KnownStanding | undefined): OrderOutcome | undefined {
    if (this.#options.isOnline(agent)) return { kind: 'refused', reason: 'online', agent };
    return standing === undefined ? { kind: 'refused', reason: 'unknown', agent } : undefined;
  }

  /** Resolves when the order is durable and, as a rule, folded. */
  async #append(agent: string, order: AgentOrder, isFolded: (now: KnownStanding) => boolean): Promise<void> {
    const { log, clock, standingOf } = this.#options;
    const record = encodeRecord({ kind: 'order', agent, atMs: clock(), order });
    await log.append(partitionOf(agent, log.partitions), record);
    for (let waitedMs = 0; waitedMs < ORDER_FOLDED_TIMEOUT_MS; waitedMs += ORDER_FOLDED_LOOK_MS) {
      const now = standingOf(agent);
      if (now !== undefined && isFolded(now)) return;
      await sleep(ORDER_FOLDED_LOOK_MS);
    }
  }
}

function distinct(series: readonly SeriesName[]): readonly SeriesName[] {
  return [...new Map(series.map(({ metric, device, tags }) => [tagsKey(tags), { metric, device, tags }])).values()];
}

function done(changed: boolean): OrderOutcome {
  return { kind: 'done', changed, series: 0 };
}
