import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Choice, readChoice, writeChoice } from '../choice/choice.ts';

/** The choice in the address, and what changes a part of it. It follows the address when that is changed by hand. */
export function useChoice(): [Choice, (change: Partial<Choice>) => void] {
  const [choice, setChoice] = useState(() => readChoice(location.hash));
  useEffect(() => {
    const follow = (): void => setChoice(readChoice(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const choose = useCallback((change: Partial<Choice>): void => {
    const next = { ...readChoice(location.hash), ...change };
    // Replaced, not pushed: going back should leave the dashboard, not undo one click after the other.
    history.replaceState(null, '', `#${writeChoice(next)}`);
    setChoice(next);
  }, []);
  return [choice, choose];
}
