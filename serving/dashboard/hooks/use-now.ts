import { useEffect, useState } from 'preact/hooks';
import { serverNowMs } from '../api/server-clock.ts';

/** The server's wall clock in ms, renewed every `everyMs`, so that ages grow while they are looked at. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(serverNowMs);
  useEffect(() => {
    const beat = setInterval(() => setNowMs(serverNowMs()), everyMs);
    return () => clearInterval(beat);
  }, [everyMs]);
  return nowMs;
}
