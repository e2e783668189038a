/** The faults of this folder that come from outside: data that is damaged or newer, a table that is full, a wrong name. */
import { WeirError } from '../errors.ts';

/** The table would need more slots than it may have. The owner evicts, or splits its work; retrying alone won't help. */
export class StatsTableFull extends WeirError {
  readonly kind = 'stats-table-full';

  constructor(slots: number, slotsMax: number) {
    super(`stats table of ${slots} slots is beyond ${slotsMax}; evict finished slices, or group by fewer tags`, {
      fault: 'asked',
    });
  }
}

/** What is wrong with bytes that should hold stats. */
export type StatsDataProblem = 'truncated' | 'newer-version' | 'unknown-version' | 'invalid';

/** Bytes that are no row or block of stats. They are returned, not thrown: stored data is checked by its reader. */
export class StatsDataFault extends WeirError {
  readonly kind = 'stats-data';
  readonly problem: StatsDataProblem;
  readonly atByte: number;

  constructor(problem: StatsDataProblem, atByte: number, message: string) {
    super(message, { fault: 'data' });
    this.problem = problem;
    this.atByte = atByte;
  }
}

/** A statistic was asked for by a name that there is none of. */
export class UnknownStatistic extends WeirError {
  readonly kind = 'unknown-statistic';
  readonly asked: string;
  /** The known names that come nearest; none where nothing is near. */
  readonly nearest: readonly string[];

  constructor(asked: string, nearest: readonly string[], known: readonly string[]) {
    const hint = nearest.length === 0 ? '' : ` did you mean ${nearest.join(' or ')}?`;
    super(`statistic ${JSON.stringify(asked)} is not known;${hint} the statistics are ${known.join(' ')}`, {
      fault: 'asked',
    });
    this.asked = asked;
    this.nearest = nearest;
  }
}
