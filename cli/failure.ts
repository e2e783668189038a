import { UserError } from './user-error.ts';

/** What a failure tells the person who ran the command, and the status that it ends with. */
export interface Failure {
  readonly message: string;
  readonly exitCode: 1 | 2;
}

/**
 * Puts any failure in words. An error with a `kind` is a statement about the world that its author wrote for people, so
 * it stands as it is. Anything else is a mistake of ours, and says so.
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UserError) return { message: error.message, exitCode: error.exitCode };
  if (isTyped(error)) return { message: error.message, exitCode: 1 };
  const what = error instanceof Error ? `${error.name}: ${firstLine(error.message)}` : String(error);
  return {
    message: `this is a bug of Weir (${what}); nothing that was acknowledged is lost. Please report it with what WEIR_DEBUG=1 prints`,
    exitCode: 1,
  };
}

function isTyped(error: unknown): error is Error {
  return error instanceof Error && 'kind' in error && typeof error.kind === 'string';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
