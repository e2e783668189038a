import { WeirError, reasonOf } from '#core/errors.ts';

/** No nats-server with JetStream answers at the given addresses. */
export class NatsUnreachable extends WeirError {
  readonly kind = 'nats-unreachable';
  constructor(servers: readonly string[], cause: unknown) {
    super(
      `No nats-server answers at ${servers.join(', ')}: ${reasonOf(cause)}. ` +
        `Start one (nats-server -js -sd DIR), or name the right address.`,
      { fault: 'world', retryable: true, cause },
    );
  }
}

/** The server answers, but isn't one that Weir can use. */
export class NatsUnsuitable extends WeirError {
  readonly kind = 'nats-unsuitable';
  constructor(servers: readonly string[], what: string, remedy: string) {
    super(`The nats-server at ${servers.join(', ')} can't be used: ${what}. ${remedy}.`, { fault: 'world' });
  }
}

/** JetStream's code for an error, where the server gave one (see `server/errors.json` of nats-server). */
export function apiCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

/** `err_code`s of JetStream that Weir tells apart. */
export const API_CODE = {
  streamNotFound: 10059,
  streamNameInUse: 10058,
  messageNotFound: 10037,
  wrongLastSequence: 10071,
  wrongLastSequenceUnknown: 10164,
  messageTooLarge: 10054,
  insufficientResources: 10023,
  storageExceeded: 10047,
  accountResourcesExceeded: 10002,
  memoryExceeded: 10028,
  /** Storing failed; the text says why: a limit of the stream, or a store that is just being closed. */
  storeFailed: 10077,
} as const;

/** Whether a change was refused because another came first. */
export function isConflict(error: unknown): boolean {
  const code = apiCodeOf(error);
  return code === API_CODE.wrongLastSequence || code === API_CODE.wrongLastSequenceUnknown;
}
