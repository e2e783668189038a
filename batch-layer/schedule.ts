/** When the batch layer runs by itself. */
export interface BatchSchedule {
  /** Between two runs, in ms; null: it runs when it is asked, and then alone. */
  readonly every: number | null;
  /** Rows that the speed layer may open after a cut before the next run begins. */
  readonly rows: number;
  /** All rows that the speed layer has opened since its start. */
  readonly rowsOpened: () => number;
}

/** What happened since the last run began. */
export interface SinceLastRun {
  readonly ms: number;
  /** That the run took. */
  readonly ranMs: number;
  readonly rows: number;
  /** Whether a commit has changed any row. */
  readonly isChanged: boolean;
}

/**
 * Whether a run is due: after a while where anything has changed, or earlier where many rows were opened. A run never
 * takes more than half of the time, so where rows come faster than they can be added up, the live path has the rest.
 */
export function isBatchDue(schedule: Pick<BatchSchedule, 'every' | 'rows'>, since: SinceLastRun): boolean {
  const { every, rows } = schedule;
  if (every === null || !since.isChanged || since.ms < 2 * since.ranMs) return false;
  return since.ms >= every || since.rows >= rows;
}
