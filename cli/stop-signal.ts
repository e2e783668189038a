import type { Logger } from 'pino';

/** A person, or the machine that shuts down, asks once and politely; asked again the process ends at once. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** How a shell sees a process that a signal ended: 128 and the signal's number. */
const KILLED_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/** What resolves and aborts at the first Ctrl-C or SIGTERM. */
export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
  readonly asked: Promise<void>;
  /** The same from within: something has failed, and the rest has to end too. */
  stop(): void;
}

/** Listens for the wish to stop. The first says so in the log; the second ends the process, whatever it does. */
export function stopSignal(logger: Logger): StopSignal {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const onSignal = (name: (typeof SIGNALS)[number]): void => {
    if (controller.signal.aborted) process.exit(KILLED_EXIT[name]);
    logger.info('stopping; once more ends it at once');
    controller.abort(new Error(`stopped by ${name}`));
    resolve();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    asked: promise,
    stop: () => controller.abort(new Error('stopping')),
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}

/** A tidy stop that takes longer is given up: the next start recovers what it left open. */
export const STOP_TIMEOUT_MS = 15_000;

/**
 * Waits for a tidy stop, for STOP_TIMEOUT_MS at most. One that takes longer ends the process with status 1: nothing that was
 * acknowledged is only in memory, so there is nothing to lose.
 */
export async function stopWithin(stopping: Promise<void>, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.warn(
      { waitedMs: STOP_TIMEOUT_MS },
      'not everything stopped in time; the next start recovers, nothing is lost',
    );
    process.exit(1);
  }, STOP_TIMEOUT_MS);
  try {
    await stopping;
  } finally {
    clearTimeout(timer);
  }
}
