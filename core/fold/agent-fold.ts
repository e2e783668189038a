import { Ledger, type LedgerSnapshot } from '../ledger/ledger.ts';
import type { SeriesEntry } from '../series/series.ts';
import { Route } from './route.ts';
import type { ViewFold } from './view-fold.ts';

/** A frame whose dictionary is not there yet; it folds at the position of the birth that brings it. */
export interface ParkedFrame {
  readonly dictionaryVersion: number;
  readonly frame: Uint8Array;
}

/** Frames parked per agent; a further one is given up as faulty, since no agent sends so far ahead of its births. */
export const PARKED_FRAMES_MAX = 1024;

/** What the fold knows of one agent: its ledger, its dictionary, and what waits for a dictionary. */
export class AgentFold {
  readonly agent: string;
  readonly ledger: Ledger;
  readonly entries: SeriesEntry[] = [];
  parked: ParkedFrame[] = [];
  #routes: (readonly Route[])[] = [];

  constructor(agent: string, ledger?: LedgerSnapshot) {
    this.agent = agent;
    this.ledger = ledger === undefined ? new Ledger() : Ledger.open(ledger);
  }

  /** Takes up the entries of a birth. Entries that are known already stay as they are; a birth restates them. */
  learn(firstIndex: number, entries: readonly SeriesEntry[]): void {
    for (const entry of entries.slice(Math.max(0, this.entries.length - firstIndex))) this.entries.push(entry);
  }

  knows(dictionaryVersion: number): boolean {
    return this.entries.length >= dictionaryVersion;
  }

  /** The routes of a dictionary entry through the views, for a record at `position`. */
  routesOf(index: number, views: readonly ViewFold[], position: number): readonly Route[] {
    const routes = (this.#routes[index] ??= this.#findRoutes(index, views));
    for (const route of routes) route.position = position;
    return routes;
  }

  /** Forgets the routes: the set of views has changed. */
  forgetRoutes(): void {
    this.#routes = [];
  }

  #findRoutes(index: number, views: readonly ViewFold[]): readonly Route[] {
    const entry = this.entries[index];
    if (entry === undefined) return [];
    return views.flatMap((fold) => {
      const group = fold.groupFor(entry);
      return group === undefined ? [] : [new Route(this.agent, fold, group, entry)];
    });
  }
}
