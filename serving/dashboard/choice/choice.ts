import { useCallback, useEffect, useState } from 'preact/hooks';
import {
  DAY_MS,
  fittingSpan,
  fittingWindow,
  instantText,
  type Length,
  type Period,
  readPeriod,
  sliceLengthMs,
  spanFor,
  SPANS,
  type Stretch,
  windowFor,
  WINDOWS,
} from './spans.ts';

/** What the viewer has chosen. It stands in the address, so that a view can be shared. */
export interface Choice {
  /** Undefined: the first view there is. */
  readonly view: string | undefined;
  /** Undefined: what suits the view. */
  readonly window: Length | undefined;
  readonly span: Length | undefined;
  /** What is looked at instead of the newest data. */
  readonly period: Period | undefined;
  /** How much later than midnight days and longer windows begin, such as `6h`. */
  readonly offset: string | undefined;
  /** Name of a measure; undefined: the first that the metric has. */
  readonly measure: string | undefined;
  /** Keys of groups that are not drawn. */
  readonly hidden: readonly string[];
  /** Keys of groups that were picked among many, the last one first. */
  readonly picked: readonly string[];
}

/** A choice with which a view can be asked: span and window fit each other and the slice of the view. */
export interface FittingChoice extends Choice {
  readonly window: Length;
  readonly span: Length;
}

export const CHOICE_DEFAULT: Choice = {
  view: undefined,
  window: undefined,
  span: undefined,
  period: undefined,
  offset: undefined,
  measure: undefined,
  hidden: [],
  picked: [],
};

/** Reads the part of an address after `#`. What it does not know, or does not say, is as by default. */
export function readChoice(hash: string): Choice {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    view: said.get('view') ?? undefined,
    window: WINDOWS.find(({ text }) => text === said.get('window')),
    span: SPANS.find(({ text }) => text === said.get('span')),
    period: readPeriod(said.get('from'), said.get('to')),
    offset: OFFSETS.find((one) => one === said.get('offset')),
    measure: said.get('stat') ?? undefined,
    hidden: said.getAll('hide'),
    picked: said.getAll('group'),
  };
}

/** Writes a choice as the part of an address after `#`; `readChoice` is its inverse. */
export function writeChoice({ view, window, span, period, offset, measure, hidden, picked }: Choice): string {
  const said = new URLSearchParams();
  if (view !== undefined) said.set('view', view);
  if (window !== undefined) said.set('window', window.text);
  if (span !== undefined) said.set('span', span.text);
  if (period !== undefined) {
    said.set('from', instantText(period.fromMs));
    said.set('to', instantText(period.toMs));
  }
  if (offset !== undefined) said.set('offset', offset);
  if (measure !== undefined) said.set('stat', measure);
  for (const key of picked) said.append('group', key);
  for (const key of hidden) said.append('hide', key);
  return said.toString();
}

/** By how much days may begin later than at midnight: by whole hours, which is what people agree on. */
export const OFFSETS: readonly string[] = Array.from({ length: 23 }, (_, hour) => `${hour + 1}h`);

/** A single window is enough to ask for; a day of 23 hours and a February are shorter than usual. */
const PERIOD_WINDOWS_MIN = 0.9;

/** How long the time is that is looked at. */
export function stretchOf({ span, period }: Pick<FittingChoice, 'span' | 'period'>): Stretch {
  return period === undefined ? span : { ms: period.toMs - period.fromMs, windowsMin: PERIOD_WINDOWS_MIN };
}

/** What decides which spans and windows suit a view. */
export interface Grain {
  readonly sliceMs: number;
  /** How often a series tells a reading; 0 where that is not known. */
  readonly intervalMs: number;
}

/** The choice as it can be asked: what was not chosen suits the view, and what does not fit is as near as can be. */
export function fittingChoice(choice: Choice, { sliceMs, intervalMs }: Grain): FittingChoice {
  const span = fittingSpan(choice.span ?? spanFor(intervalMs), sliceMs);
  const stretch = stretchOf({ span, period: choice.period });
  const window = fittingWindow(choice.window ?? windowFor(intervalMs), stretch, sliceMs);
  return { ...choice, span, window };
}

/** How much later than midnight windows of this length begin; shorter ones begin as the clock has it. */
export function offsetOf({ offset }: Pick<Choice, 'offset'>, window: Length): string | undefined {
  return sliceLengthMs(window.text) >= DAY_MS ? offset : undefined;
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
