import { strict as assert } from 'node:assert';
import type { SpoolEntry } from './entry.ts';

/** Entries let go at the front before the arrays are moved: moving is as long as the queue, so it must be rare. */
const COMPACTION_MIN = 1024;

/** Spool entries in ascending order of places: put in at the back, taken out at the front, found by place. */
export class EntryQueue {
  #entries: (SpoolEntry | undefined)[] = [];
  #from = 0;

  get length(): number {
    return this.#entries.length - this.#from;
  }

  push(entry: SpoolEntry): void {
    const last = this.last;
    assert(last === undefined || last.place < entry.place, `spool place ${entry.place} comes after ${last?.place}`);
    this.#entries.push(entry);
  }

  get first(): SpoolEntry | undefined {
    return this.#entries[this.#from];
  }

  get last(): SpoolEntry | undefined {
    return this.length === 0 ? undefined : this.#entries.at(-1);
  }

  /** All entries, from the front. */
  *[Symbol.iterator](): Generator<SpoolEntry, void, undefined> {
    for (let i = this.#from; i < this.#entries.length; i++) yield this.#entries[i]!;
  }

  shift(): SpoolEntry | undefined {
    const entry = this.first;
    if (entry === undefined) return undefined;
    this.#entries[this.#from++] = undefined;
    if (this.#from >= COMPACTION_MIN && this.#from * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#from);
      this.#from = 0;
    }
    return entry;
  }

  /** The first entry above a place; binary search. */
  above(place: number): SpoolEntry | undefined {
    let low = this.#from;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.place ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    return this.#entries[low];
  }
}
