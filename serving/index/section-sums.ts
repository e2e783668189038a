import { mergeInto } from '#core/stats/merge.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { SECTIONS_PER_PAGE } from './page-size.ts';

/** A sum of slices: of a section, of a window, of a session. */
export interface Sum {
  readonly table: StatsTable;
  readonly slot: number;
  /** How many log records contributed. */
  revision: number;
  /** Whether min, max, first and last may still hold what an amend took away. */
  pending: boolean;
}

/** Adds stats, with the revision and the pending of what they stand for, to a sum. */
export function addToSum(sum: Sum, table: StatsTable, slot: number, revision: number, pending: boolean): void {
  mergeInto(sum.table, sum.slot, table, slot);
  sum.revision += revision;
  if (pending) sum.pending = true;
}

/** Adds a sum to another. */
export function addSum(sum: Sum, { table, slot, revision, pending }: Sum): void {
  addToSum(sum, table, slot, revision, pending);
}

/** The place of the whole page's sum, after those of its sections. */
const WHOLE = SECTIONS_PER_PAGE;

/** Beside the table: revision, pending and whether it is known per sum, and the objects. */
const BYTES = (SECTIONS_PER_PAGE + 1) * (8 + 1 + 1) + 200;

/** The sums of a page's sections and of the whole page, each computed when it is first asked for, and again after a change. */
export class SectionSums {
  readonly #table = new StatsTable(SECTIONS_PER_PAGE + 1);
  readonly #revision = new Float64Array(SECTIONS_PER_PAGE + 1);
  readonly #pending = new Uint8Array(SECTIONS_PER_PAGE + 1);
  readonly #known = new Uint8Array(SECTIONS_PER_PAGE + 1);
  readonly #addSection: (section: number, sum: Sum) => void;

  /** `addSection` adds the slices of a section to a sum. */
  constructor(addSection: (section: number, sum: Sum) => void) {
    this.#addSection = addSection;
    this.#table.allocateMany(SECTIONS_PER_PAGE + 1);
  }

  forget(section: number): void {
    this.#known[section] = 0;
    this.#known[WHOLE] = 0;
  }

  sectionInto(sum: Sum, section: number): void {
    if (this.#known[section] === 0) this.#compute(section, (into) => this.#addSection(section, into));
    this.#into(sum, section);
  }

  wholeInto(sum: Sum): void {
    if (this.#known[WHOLE] === 0) {
      this.#compute(WHOLE, (into) => {
        for (let section = 0; section < SECTIONS_PER_PAGE; section++) this.sectionInto(into, section);
      });
    }
    this.#into(sum, WHOLE);
  }

  /** Computes whatever is not known yet: the slices are about to go. Where the whole is known, so is every section. */
  settle(): void {
    const unused = new StatsTable(1);
    this.wholeInto({ table: unused, slot: unused.allocate(), revision: 0, pending: false });
  }

  bytes(): number {
    return BYTES + this.#table.bytes;
  }

  #compute(place: number, add: (into: Sum) => void): void {
    this.#table.reset(place);
    const into: Sum = { table: this.#table, slot: place, revision: 0, pending: false };
    add(into);
    this.#revision[place] = into.revision;
    this.#pending[place] = into.pending ? 1 : 0;
    this.#known[place] = 1;
  }

  #into(sum: Sum, place: number): void {
    addToSum(sum, this.#table, place, this.#revision[place]!, this.#pending[place] === 1);
  }
}
