import { useCallback, useEffect, useState } from 'preact/hooks';
import { type Length, SPANS, WINDOWS } from './spans.ts';

/** What the viewer has chosen. It stands in the address, so that a view can be shared. */
export interface Choice {
  /** Undefined: the first view there is. */
  readonly view: string | undefined;
  readonly window: Length;
  readonly span: Length;
  /** Name of a measure; undefined: the first that the metric has. */
  readonly measure: string | undefined;
  /** Keys of groups that are not drawn. */
  readonly hidden: readonly string[];
}

export const CHOICE_DEFAULT: Choice = {
  view: undefined,
  window: WINDOWS[0]!,
  span: SPANS[1]!,
  measure: undefined,
  hidden: [],
};

/** Reads the part of an address after `#`. What it does not know, or does not say, is as by default. */
export function readChoice(hash: string): Choice {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    view: said.get('view') ?? undefined,
    window: WINDOWS.find(({ text }) => text === said.get('window')) ?? CHOICE_DEFAULT.window,
    span: SPANS.find(({ text }) => text === said.get('span')) ?? CHOICE_DEFAULT.span,
    measure: said.get('stat') ?? undefined,
    hidden: said.getAll('hide'),
  };
}

/** Writes a choice as the part of an address after `#`; `readChoice` is its inverse. */
export function writeChoice({ view, window, span, measure, hidden }: Choice): string {
  const said = new URLSearchParams();
  if (view !== undefined) said.set('view', view);
  said.set('window', window.text);
  said.set('span', span.text);
  if (measure !== undefined) said.set('stat', measure);
  for (const key of hidden) said.append('hide', key);
  return said.toString();
}

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
