import { reasonOf, WeirError } from '#core/errors.ts';

/** What a run needs of the disk beside the stores can't be had now: the archive, or the room for what it writes for itself. */
export class BatchDiskFailing extends WeirError {
  readonly kind = 'batch-disk-failing';
  constructor(archiveDir: string, cause: unknown) {
    super(
      `The batch layer can't use its directory ${archiveDir}: ${reasonOf(cause)}. What was live stays live. ` +
        `Check its disk and its free space, and ask again.`,
      { fault: 'world', retryable: true, cause },
    );
  }
}

/** While a run was under way, another one (or a rollback) has changed what is live. */
export class BatchOvertaken extends WeirError {
  readonly kind = 'batch-overtaken';
  constructor(view: string) {
    super(
      `The results of view ${view} were changed by another run or a rollback while this run was under way. ` +
        `What this run made for it is dropped; run it again.`,
      { fault: 'world', retryable: true },
    );
  }
}

/** There is no earlier result or version of the view. */
export class NothingToRollBack extends WeirError {
  readonly kind = 'nothing-to-roll-back';
  constructor(view: string) {
    super(`View ${view} has no earlier result or version to go back to. Run batch first, or change the view.`, {
      fault: 'asked',
    });
  }
}

/** No view has that name. */
export class NoSuchView extends WeirError {
  readonly kind = 'no-such-view';
  constructor(view: string, known: readonly string[]) {
    super(`There is no view ${view}; the views are ${known.join(', ') || 'none'}. Name one of them, or declare it.`, {
      fault: 'asked',
    });
  }
}

/** The batch layer is ending: it takes nothing new, and calls off what runs. */
export class BatchLayerStopped extends WeirError {
  readonly kind = 'batch-layer-stopped';
  constructor() {
    super('The batch layer is being stopped. What was live stays live; ask again once it runs.', {
      fault: 'world',
      retryable: true,
    });
  }
}

/** The rows of all views could not be read as of one position, since the speed layer went on committing. */
export class SnapshotMissed extends WeirError {
  readonly kind = 'snapshot-missed';
  constructor(attempts: number) {
    super(`The speed layer committed within each of ${attempts} snapshots. Verify while less is arriving.`, {
      fault: 'world',
      retryable: true,
    });
  }
}

/** A process that folds has ended before its job, which happens when the machine has too little memory. */
export class FoldingEnded extends WeirError {
  readonly kind = 'folding-ended';
  constructor() {
    super('A process that folds has ended before its job. Give the machine more memory, and run batch again.', {
      fault: 'world',
    });
  }
}

/** A result was written before results held many groups in a block, and can't be merged with what is made now. */
export class ResultOutdated extends WeirError {
  readonly kind = 'result-outdated';
  constructor(name: string) {
    super(
      `The batch result ${name} was written by an older weir, in another order. Run \`weir batch\`: it is made anew.`,
      {
        fault: 'data',
      },
    );
  }
}
