import { WeirError } from '#core/errors.ts';
import type { StatsDataFault } from '#core/stats/stats-errors.ts';

/** A stored row of changes can't be read: its disk lies, or a newer program wrote it. */
export class IndexRowDamaged extends WeirError {
  readonly kind = 'index-row-damaged';

  constructor(
    row: { readonly slice: number; readonly partition: number; readonly part: number },
    fault: StatsDataFault,
  ) {
    super(
      `The row of slice ${row.slice}, partition ${row.partition}, part ${row.part} can't be read: ${fault.message}. ` +
        'Fold the log again into an empty data directory.',
      { fault: 'data', cause: fault },
    );
  }
}

/** What was asked is being replaced by a newer version or batch result: ask again, it answers then. */
export class SourceReplaced extends WeirError {
  readonly kind = 'source-replaced';

  constructor(view: string) {
    super(`View ${view} was replaced by a newer state several times while it was read. Ask again.`, {
      fault: 'world',
      retryable: true,
    });
  }
}

/** More queries are waiting than the index takes. */
export class IndexBusy extends WeirError {
  readonly kind = 'index-busy';

  constructor(waiting: number) {
    super(`${waiting} queries are waiting for the index, as many as it takes. Ask again in a moment.`, {
      fault: 'world',
      retryable: true,
    });
  }
}
