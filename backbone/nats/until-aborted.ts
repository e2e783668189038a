/**
 * The result of `act`; or the signal's reason when it aborts first, or an error after `timeoutMs`: for steps of the NATS
 * client that wait, long or without end, for an answer that a lost connection can't bring. `act` itself goes on, its
 * result unheeded.
 */
export function untilAborted<T>(act: Promise<T>, signal: AbortSignal, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', isAborted);
      how();
    };
    const isAborted = (): void => {
      const reason: unknown = signal.reason;
      settle(() => reject(reason));
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`))),
      timeoutMs,
    );
    signal.addEventListener('abort', isAborted);
    if (signal.aborted) isAborted();
    act.then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
