import { WeirError } from '#core/errors.ts';

/** InfluxDB doesn't answer, or not in time, or says that it can't take anything now. */
export class InfluxAway extends WeirError {
  readonly kind = 'influx-away';
  /** How long it asked to be left alone; undefined where it didn't say. */
  readonly retryAfterMs: number | undefined;

  constructor(url: string, reason: string, retryAfterMs: number | undefined, cause: unknown) {
    super(`InfluxDB at ${url} takes nothing now: ${reason}. It is tried again by itself.`, {
      fault: 'world',
      retryable: true,
      cause,
    });
    this.retryAfterMs = retryAfterMs;
  }
}

/** InfluxDB refuses what it is sent: the configuration, its token or its bucket are not as they have to be. */
export class InfluxRefusal extends WeirError {
  readonly kind = 'influx-refusal';
  readonly status: number;

  constructor(url: string, status: number, reason: string, remedy: string, cause: unknown) {
    super(`InfluxDB at ${url} refuses what it is sent (${status}: ${reason}); ${remedy}`, {
      fault: 'asked',
      retryable: true,
      cause,
    });
    this.status = status;
  }
}

/** The token of InfluxDB can't be read. */
export class InfluxTokenUnreadable extends WeirError {
  readonly kind = 'influx-token-unreadable';

  constructor(file: string, reason: string) {
    super(`the token of InfluxDB can't be read from ${file}: ${reason}; write it there, on one line`, {
      fault: 'asked',
      retryable: true,
    });
  }
}

/** The server stops before InfluxDB has been filled. */
export class InfluxNotFilled extends WeirError {
  readonly kind = 'influx-not-filled';

  constructor(url: string) {
    super(`InfluxDB at ${url} is not filled, since the server stops; it goes on by itself once it is started again`, {
      fault: 'world',
      retryable: true,
    });
  }
}
