import { WeirError } from '#core/errors.ts';

/**
 * Why a service gave nothing that can be read. `retryable`: asking again may help by itself. Otherwise a person has to do
 * something, here or there, and `remedy` says what; the service is not to be hammered with it until then.
 */
export class PollError extends WeirError {
  readonly kind = 'poll';
  readonly reason: string;
  readonly remedy: string | undefined;
  /** How long the service asks us to wait, in ms. */
  readonly retryAfterMs: number | undefined;

  private constructor(reason: string, remedy: string | undefined, retryAfterMs: number | undefined, cause?: unknown) {
    super(remedy === undefined ? reason : `${reason}; ${remedy}`, {
      fault: remedy === undefined ? 'world' : 'asked',
      retryable: remedy === undefined,
      cause,
    });
    this.reason = reason;
    this.remedy = remedy;
    this.retryAfterMs = retryAfterMs;
  }

  /** It may pass by itself. */
  static passing(reason: string, { retryAfterMs, cause }: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    return new PollError(reason, undefined, retryAfterMs, cause);
  }

  /** It stays until a person does something. */
  static lasting(reason: string, remedy: string): PollError {
    return new PollError(reason, remedy, undefined);
  }
}
