import { useEffect, useState } from 'preact/hooks';
import { type Colours, readColours } from '../chart/colours.ts';

/** The colours of the page, anew when the viewer's system turns from light to dark. */
export function useColours(): Colours {
  const [colours, setColours] = useState(readColours);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const turn = (): void => setColours(readColours());
    dark.addEventListener('change', turn);
    return () => dark.removeEventListener('change', turn);
  }, []);
  return colours;
}
