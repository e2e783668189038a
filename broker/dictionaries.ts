import type { Fullness } from '#backbone/flow/fullness.ts';
import { claimKey, type SeriesEntry, tagsKey } from '#core/series/series.ts';
import type { KnownEntry } from './frame-verdict.ts';
import { DICTIONARY_ENTRIES_KEPT_MAX } from './limits.ts';

/** What the broker knows of one agent's dictionary. Entries that it never heard of are undefined. */
export class AgentDictionary {
  readonly #entries: (KnownEntry | undefined)[] = [];
  /** Refused entries that are taken once a later one says their series as it is declared: by series, then by index. */
  readonly #former = new Map<string, Map<number, SeriesEntry>>();

  get size(): number {
    return this.#entries.length;
  }

  at(index: number): KnownEntry | undefined {
    return this.#entries[index];
  }

  /** Takes up what a birth says; a birth that restates entries is the newer word on them. */
  learn(firstIndex: number, entries: readonly KnownEntry[]): void {
    // Holes would make a sparse array of it; what lies in them is unknown.
    while (this.#entries.length < firstIndex) this.#entries.push(undefined);
    for (const [i, entry] of entries.entries()) this.#entries[firstIndex + i] = entry;
  }

  /** Remembers a refused entry that may be what its series said of itself before it was declared otherwise. */
  keepFormer(entry: SeriesEntry, index: number): void {
    const key = seriesKey(entry);
    const kept = this.#former.get(key);
    if (kept === undefined) this.#former.set(key, new Map([[index, entry]]));
    else kept.set(index, entry);
  }

  /** Gives those of them that the entry at an index, which is taken, makes former ones of its series, and keeps them no longer. */
  takeFormer(entry: SeriesEntry, index: number): readonly (readonly [number, SeriesEntry])[] {
    if (this.#former.size === 0) return [];
    const key = seriesKey(entry);
    const taken = [...(this.#former.get(key) ?? [])].filter(([at]) => at < index);
    for (const [at] of taken) this.#former.get(key)!.delete(at);
    return taken;
  }
}

/** What tells a series of an agent from all others, whatever else an entry says of it. */
function seriesKey(entry: SeriesEntry): string {
  return claimKey(entry) + tagsKey(entry.tags);
}

/**
 * The dictionaries of the agents that sent last, DICTIONARY_ENTRIES_KEPT_MAX entries of them in all: beyond it that of the
 * agent that has been silent longest is forgotten, and asked for again. One agent's always has room.
 */
export class Dictionaries {
  readonly #byAgent = new Map<string, AgentDictionary>();
  readonly #entriesMax: number;

  constructor(entriesMax: number = DICTIONARY_ENTRIES_KEPT_MAX) {
    this.#entriesMax = entriesMax;
  }

  /** The dictionary of an agent that is known; it counts as used now. */
  of(agent: string): AgentDictionary | undefined {
    const known = this.#byAgent.get(agent);
    if (known === undefined) return undefined;
    this.#byAgent.delete(agent);
    this.#byAgent.set(agent, known);
    return known;
  }

  /** Begins the dictionary of an agent. */
  begin(agent: string, fresh = new AgentDictionary()): AgentDictionary {
    this.#byAgent.set(agent, fresh);
    return fresh;
  }

  /** What was decided about its entries holds no longer. */
  forget(agent: string): void {
    this.#byAgent.delete(agent);
  }

  /** One agent's always have room, so they may be more than all of them may be together. */
  fullness(): Fullness {
    const held = this.#entries();
    return {
      of: 'dictionary_entries',
      held,
      max: this.#byAgent.size > 1 ? this.#entriesMax : Math.max(held, this.#entriesMax),
    };
  }

  #entries(): number {
    let entries = 0;
    for (const { size } of this.#byAgent.values()) entries += size;
    return entries;
  }

  /** To be called when one has grown. */
  trim(): void {
    let entries = this.#entries();
    for (const [agent, { size }] of this.#byAgent) {
      if (entries <= this.#entriesMax || this.#byAgent.size === 1) return;
      this.#byAgent.delete(agent);
      entries -= size;
    }
  }
}
