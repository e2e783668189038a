import { useEffect, useState } from 'preact/hooks';
import { serverClock } from '../api/server-clock.ts';

/** The server's wall clock in ms, renewed every `everyMs`, so that ages grow while they are looked at. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => serverClock.nowMs());
  useEffect(() => {
    const renew = (): void => setNowMs(serverClock.nowMs());
    const beat = setInterval(renew, everyMs);
    const unsubscribe = serverClock.subscribe(renew);
    return () => {
      clearInterval(beat);
      unsubscribe();
    };
  }, [everyMs]);
  return nowMs;
}
