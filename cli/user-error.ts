/** A mistake of the user or a fault of the world, told in one sentence with a remedy; it ends a command with no stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** 1: it failed; 2: it was used wrongly. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}
