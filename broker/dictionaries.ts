import type { KnownEntry } from './frame-verdict.ts';
import { DICTIONARY_ENTRIES_KEPT_MAX } from './limits.ts';

/** What the broker knows of one agent's dictionary. Entries that it never heard of are undefined. */
export class AgentDictionary {
  readonly #entries: (KnownEntry | undefined)[] = [];

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
  begin(agent: string): AgentDictionary {
    const fresh = new AgentDictionary();
    this.#byAgent.set(agent, fresh);
    return fresh;
  }

  /** What was decided about its entries holds no longer. */
  forget(agent: string): void {
    this.#byAgent.delete(agent);
  }

  /** To be called when one has grown. */
  trim(): void {
    let entries = 0;
    for (const { size } of this.#byAgent.values()) entries += size;
    for (const [agent, { size }] of this.#byAgent) {
      if (entries <= this.#entriesMax || this.#byAgent.size === 1) return;
      this.#byAgent.delete(agent);
      entries -= size;
    }
  }
}
