import { StatsTable } from '#core/stats/stats-table.ts';
import { RUNS_PER_PAGE } from './page-size.ts';
import { addToSum, type Sum } from './sum.ts';

/** The place of the whole page's sum, after those of its runs. */
const WHOLE = RUNS_PER_PAGE;

const BYTES = (RUNS_PER_PAGE + 1) * (184 + 10) + 200;

/** The sums of a page's runs and of the whole page, each computed when it is first asked for, and again after a change. */
export class PageRuns {
  readonly #table = new StatsTable(RUNS_PER_PAGE + 1);
  readonly #revision = new Float64Array(RUNS_PER_PAGE + 1);
  readonly #pending = new Uint8Array(RUNS_PER_PAGE + 1);
  readonly #known = new Uint8Array(RUNS_PER_PAGE + 1);
  readonly #addRun: (run: number, sum: Sum) => void;

  /** `addRun` adds the slices of a run to a sum. */
  constructor(addRun: (run: number, sum: Sum) => void) {
    this.#addRun = addRun;
    this.#table.allocateMany(RUNS_PER_PAGE + 1);
  }

  forget(run: number): void {
    this.#known[run] = 0;
    this.#known[WHOLE] = 0;
  }

  runInto(sum: Sum, run: number): void {
    if (this.#known[run] === 0) this.#compute(run, (into) => this.#addRun(run, into));
    this.#into(sum, run);
  }

  wholeInto(sum: Sum): void {
    if (this.#known[WHOLE] === 0) {
      this.#compute(WHOLE, (into) => {
        for (let run = 0; run < RUNS_PER_PAGE; run++) this.runInto(into, run);
      });
    }
    this.#into(sum, WHOLE);
  }

  /** Computes whatever is not known yet: the slices are about to go. Where the whole is known, so is every run. */
  settle(): void {
    const unused = new StatsTable(1);
    this.wholeInto({ table: unused, slot: unused.allocate(), revision: 0, pending: false });
  }

  bytes(): number {
    let bytes = BYTES;
    for (const histogram of this.#table.histograms) if (histogram !== undefined) bytes += 100 + histogram.length * 12;
    return bytes;
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
