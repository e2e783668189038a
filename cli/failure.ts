import { WeirError } from '#core/errors.ts';

/** What ends a command: done (0), failed or differs (1), used wrongly (2). */
export type ExitCode = 0 | 1 | 2;

/** A mistake of the user or a fault of the world, told in one sentence with a remedy; it ends a command with no stack trace. */
export class UserError extends WeirError {
  readonly kind = 'command';
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    const { exitCode = 1, cause } = options;
    super(message, { fault: exitCode === 2 ? 'asked' : 'world', cause });
    this.exitCode = exitCode;
  }
}

/** What a failure tells the person who ran the command, and the status that it ends with. */
export interface Failure {
  readonly message: string;
  readonly exitCode: 1 | 2;
}

/**
 * Puts any failure in words. A WeirError is a statement about the world that its author wrote for people, so it stands as
 * it is. Anything else is a mistake of ours, and says so.
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof WeirError) {
    return { message: error.message, exitCode: error instanceof UserError ? error.exitCode : 1 };
  }
  const what = error instanceof Error ? `${error.name}: ${firstLine(error.message)}` : String(error);
  return {
    message: `this is a bug of Weir (${what}); nothing that was acknowledged is lost. Please report it with what WEIR_DEBUG=1 prints`,
    exitCode: 1,
  };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
