import { WeirError } from '#core/errors.ts';

/** The archive was made from another log: its positions mean other records. */
export class ArchiveOfAnotherLog extends WeirError {
  readonly kind = 'archive-of-another-log';
  constructor(dir: string, expected: string, found: string) {
    super(
      `The archive in ${dir} was made from the log ${expected}, but this log is ${found}. ` +
        `Give it the log it was made from, or an empty directory.`,
      { fault: 'data' },
    );
  }
}

/** Archive and log don't tell one history: the log lost its tail, or one of them was changed. */
export class ArchiveSeamBroken extends WeirError {
  readonly kind = 'archive-seam-broken';
  readonly partition: number;
  readonly position: number;
  constructor(partition: number, position: number, what: string) {
    super(
      `The archive of partition ${partition} ends at ${position}, and the log doesn't go on from there: ${what}. ` +
        'Put back the folder "archive", or the log, from their newest copies, or restore the last backup.',
      { fault: 'data' },
    );
    this.partition = partition;
    this.position = position;
  }
}

/** A segment's bytes are not those that were written. */
export class ArchiveDamaged extends WeirError {
  readonly kind = 'archive-damaged';
  constructor(path: string, what: string) {
    super(`The archive segment ${path} is damaged: ${what}. Restore it from a copy.`, { fault: 'data' });
  }
}

/** A reader asks for records that the archive doesn't hold yet. */
export class NotArchived extends WeirError {
  readonly kind = 'not-archived';
  constructor(partition: number, position: number, archivedTo: number) {
    super(
      `Position ${position} of partition ${partition} isn't archived; the archive reaches ${archivedTo}. ` +
        `Wait until it is, and let the archive run.`,
      { fault: 'world', retryable: true },
    );
  }
}
