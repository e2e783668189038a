/**
 * Whose the fault is, and so who has to act:
 *
 * - `asked`: what was asked, sent or configured can't be had; whoever asked has to ask for something else.
 * - `world`: a disk, a network, a server or another process doesn't do its part.
 * - `data`: what is stored is damaged, of a newer version, or belongs to something else.
 */
export type Fault = 'asked' | 'world' | 'data';

/** What an error says beside its message. */
export interface ErrorOptions {
  readonly fault: Fault;
  /** True where the same call may succeed later with nothing changed by a person. False by default. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * What every error of Weir is: a typed statement about the world or about what was asked, never about a mistake of our
 * own, for which there is `assert`. `kind` tells the classes apart where `instanceof` can't (across threads, in logs and
 * metrics). The message gives subject, values and remedy in one or two sentences, and is shown to people as it stands.
 */
export abstract class WeirError extends Error {
  abstract readonly kind: string;
  readonly fault: Fault;
  readonly retryable: boolean;

  protected constructor(message: string, { fault, retryable = false, cause }: ErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.fault = fault;
    this.retryable = retryable;
  }
}

/** The text of whatever was thrown, for the tail of a message that explains a cause. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
