import { StatsTable } from '#core/stats/stats-table.ts';
import type { Group } from '../index/group.ts';
import { SourceReplaced } from '../index/index-errors.ts';
import { PAGE_SLICES, pageOf } from '../index/page-size.ts';
import { addSum, type Sum } from '../index/section-sums.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { SessionsQuery } from './query.ts';
import { SHORT_STEPS, Turns } from './turns.ts';
import { admitsGroup } from './window-spans.ts';

/** The last instant at which a reading still belongs to a session whose last one is given. */
export type Reach = (lastMs: number) => number;

/** A session of a group: its sum stands in the walk's table. */
export interface Session extends Sum {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How often groups that changed meanwhile are walked again before the query starts over. */
const REPAIRS_MAX = 16;

/** Walks the slices of groups in the order of time and joins them to sessions. */
export class SessionWalk {
  readonly table = new StatsTable(64);
  readonly #source: ViewSource;
  readonly #query: SessionsQuery;
  readonly #reach: Reach;
  readonly #sessions = new Map<Group, readonly Session[]>();
  readonly #slice: Sum;
  readonly #turns = new Turns(SHORT_STEPS);
  #sequence: number;

  constructor(source: ViewSource, query: SessionsQuery, reach: Reach) {
    this.#source = source;
    this.#query = query;
    this.#reach = reach;
    this.#sequence = source.recent.newest;
    this.#slice = { table: this.table, slot: this.table.allocate(), revision: 0, pending: false };
  }

  get count(): number {
    let count = 0;
    for (const sessions of this.#sessions.values()) count += sessions.length;
    return count;
  }

  sessionsOf(group: Group): readonly Session[] {
    return this.#sessions.get(group) ?? [];
  }

  /** Finds the sessions of a group. */
  async add(group: Group): Promise<void> {
    for (const session of this.#sessions.get(group) ?? []) this.table.release(session.slot);
    this.#sessions.delete(group);
    const last = await this.#source.lastSlice(group);
    const { sliceMs } = this.#source.id.view;
    if (last === undefined || this.#query.fromMs === this.#query.toMs) return;
    const firstSlice = Math.floor(group.progress.firstMs() / sliceMs);
    const from = await this.#startFrom(group, firstSlice, last + 1);
    this.#sessions.set(group, await this.#join(group, from, last + 1));
  }

  /** As WindowCombiner.settle: groups that changed are walked again, then `finish` is called as of one moment. */
  async settle<T>(finish: () => T): Promise<T> {
    for (let repairs = 0; repairs <= REPAIRS_MAX; repairs++) {
      const batches = this.#source.recent.since(this.#sequence);
      if (batches === undefined || this.#source.isReplaced) break;
      if (batches.length === 0) return finish();
      this.#sequence = this.#source.recent.newest;
      const changed = new Set<Group>();
      for (const { groups } of batches)
        for (const [group, { slices }] of groups) if (slices.size > 0) changed.add(group);
      for (const group of changed) {
        if (admitsGroup(this.#source.id.view.by, this.#query.where, group)) await this.add(group);
      }
    }
    throw new SourceReplaced(this.#source.id.view.name);
  }

  /** The slice to begin with: the first of the session that `from` lies in or before, walking back to its gap. */
  async #startFrom(group: Group, firstSlice: number, endSlice: number): Promise<number> {
    const { sliceMs } = this.#source.id.view;
    const fromSlice = Math.floor(this.#query.fromMs / sliceMs);
    if (fromSlice <= firstSlice) return firstSlice;
    let start = Math.min(fromSlice, endSlice);
    // The slice that `from` lies in may hold earlier readings, which reach further back than `from` does.
    let nextFirstMs = fromSlice * sliceMs;
    for (let before = start; before > firstSlice;) {
      const slice = await this.#previous(group, firstSlice, before);
      if (slice === undefined) break;
      before = slice;
      await this.#read(group, slice);
      if (this.table.count[this.#slice.slot] === 0) continue;
      if (this.#reach(this.table.lastMs[this.#slice.slot]!) < nextFirstMs) break;
      nextFirstMs = this.table.firstMs[this.#slice.slot]!;
      start = slice;
    }
    return start;
  }

  async #join(group: Group, fromSlice: number, endSlice: number): Promise<readonly Session[]> {
    const { fromMs, toMs } = this.#query;
    const sessions: Session[] = [];
    const keep = (session: Session | undefined): void => {
      if (session === undefined) return;
      if (session.lastMs >= fromMs && session.firstMs < toMs) sessions.push(session);
      else this.table.release(session.slot);
    };
    let open: Session | undefined;
    // Slices that only hold covered time belong to the reading after them, if that joins.
    const covered: Sum = { table: this.table, slot: this.table.allocate(), revision: 0, pending: false };
    for (
      let slice = await this.#next(group, fromSlice, endSlice);
      slice !== undefined;
      slice = await this.#next(group, slice + 1, endSlice)
    ) {
      await this.#read(group, slice);
      const { slot } = this.#slice;
      if (this.table.count[slot] === 0) {
        addSum(covered, this.#slice);
        continue;
      }
      const firstMs = this.table.firstMs[slot]!;
      const lastMs = this.table.lastMs[slot]!;
      if (open === undefined || this.#reach(open.lastMs) < firstMs) {
        keep(open);
        open = undefined;
        if (firstMs >= toMs) break;
        open = { table: this.table, slot: this.table.allocate(), revision: 0, pending: false, firstMs, lastMs };
      } else {
        addSum(open, covered);
      }
      addSum(open, this.#slice);
      open = { ...open, lastMs };
      this.table.reset(covered.slot);
      covered.revision = 0;
      covered.pending = false;
    }
    keep(open);
    this.table.release(covered.slot);
    return sessions;
  }

  async #read(group: Group, slice: number): Promise<void> {
    this.table.reset(this.#slice.slot);
    this.#slice.revision = 0;
    this.#slice.pending = false;
    const later = this.#source.sumInto(this.#slice, group, slice, slice + 1, slice);
    if (later !== undefined) await later;
    if (this.#turns.isDue) await this.#turns.next();
  }

  async #next(group: Group, fromSlice: number, endSlice: number): Promise<number | undefined> {
    for (let from = fromSlice; from < endSlice;) {
      const number = pageOf(from);
      const page = await this.#source.page(
        group,
        number,
        number * PAGE_SLICES,
        (number + 1) * PAGE_SLICES,
        pageOf(endSlice - 1),
        true,
      );
      const slice = page.nextSlice(from, endSlice);
      if (slice !== undefined) return slice;
      const held = await this.#source.heldFrom((number + 1) * PAGE_SLICES);
      if (held === undefined) return undefined;
      from = held;
    }
    return undefined;
  }

  async #previous(group: Group, firstSlice: number, endSlice: number): Promise<number | undefined> {
    for (let end = endSlice; end > firstSlice;) {
      const number = pageOf(end - 1);
      const page = await this.#source.page(
        group,
        number,
        number * PAGE_SLICES,
        (number + 1) * PAGE_SLICES,
        number,
        true,
      );
      const slice = page.previousSlice(firstSlice, end);
      if (slice !== undefined) return slice;
      end = await this.#heldBefore(number * PAGE_SLICES, firstSlice);
    }
    return undefined;
  }

  /**
   * The end of the last stretch of slices before `endSlice`, and from `firstSlice` on, that may hold anything, to a page:
   * found in widening steps and by halving, however long nothing was there.
   */
  async #heldBefore(endSlice: number, firstSlice: number): Promise<number> {
    const holds = async (from: number, end: number): Promise<boolean> => {
      const held = await this.#source.heldFrom(from);
      return held !== undefined && held < end;
    };
    let end = endSlice;
    for (let step = PAGE_SLICES; end > firstSlice; step *= 2) {
      const from = Math.max(firstSlice, end - step);
      if (!(await holds(from, end))) {
        end = from;
        continue;
      }
      for (let low = from; end - low > PAGE_SLICES;) {
        const middle = low + Math.floor((end - low) / 2);
        if (await holds(middle, end)) low = middle;
        else end = middle;
      }
      break;
    }
    return end;
  }
}
