import { WeirError, reasonOf } from '#core/errors.ts';

/** The storage has no room; nothing that was acknowledged is lost. */
export class LogFull extends WeirError {
  readonly kind = 'log-full';
  constructor(place: string, partition: number, cause: unknown) {
    super(
      `The log at ${place} has no room left in partition ${partition}: ${reasonOf(cause)}. ` +
        `Free disk space or raise the limit; appending goes on by itself then.`,
      { fault: 'world', retryable: true, cause },
    );
  }
}

/** A reader asks for records that the log has let go of. */
export class LogPositionGone extends WeirError {
  readonly kind = 'log-position-gone';
  constructor(partition: number, from: number, first: number) {
    super(
      `Position ${from} of partition ${partition} is gone; the first kept is ${first}. ` +
        `Read up to ${first} from the archive.`,
      { fault: 'data' },
    );
  }
}

/** A reader knows of records that the log doesn't have: it lost its tail, or is another log. */
export class LogPositionAhead extends WeirError {
  readonly kind = 'log-position-ahead';
  constructor(partition: number, from: number, last: number) {
    super(
      `Position ${from} of partition ${partition} was to be read next, but the log ends at ${last}: it has lost its ` +
        `tail, or it is another log. Append the tail again from the archive, or name the right log.`,
      { fault: 'data' },
    );
  }
}

/** The log was made with another number of partitions. */
export class LogPartitionsMismatch extends WeirError {
  readonly kind = 'log-partitions-mismatch';
  constructor(place: string, asked: number, present: number) {
    super(
      `The log at ${place} was made with ${present} partitions and can't be opened with ${asked}. ` +
        `Set partitions to ${present}, or leave it out; a log with ${asked} has to be made anew and filled from the archive.`,
      { fault: 'asked' },
    );
  }
}

/** A log that doesn't exist yet was opened without saying how many partitions it shall have. */
export class LogPartitionsMissing extends WeirError {
  readonly kind = 'log-partitions-missing';
  constructor(place: string) {
    super(`There is no log at ${place} yet. Say how many partitions it shall have; the number is fixed from then on.`, {
      fault: 'world',
    });
  }
}

/** What lies at the log's place contradicts itself or the way it was set up. */
export class LogMisconfigured extends WeirError {
  readonly kind = 'log-misconfigured';
  constructor(place: string, what: string, remedy: string) {
    super(`The log at ${place} can't be used: ${what}. ${remedy}.`, { fault: 'world' });
  }
}
