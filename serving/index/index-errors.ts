import { WeirError } from '#core/errors.ts';

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
