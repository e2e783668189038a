/** How complete a window is, as a word: it decides the colour, and is said where no colour is seen. */
export type CompletenessLevel = 'full' | 'nearly' | 'partial' | 'none';

/** From here a window lacks little. */
const NEARLY = 0.95;

/** `full` only for all of it: a single reading that is missing shows. */
export function completenessLevel(completeness: number): CompletenessLevel {
  if (completeness >= 1) return 'full';
  if (completeness >= NEARLY) return 'nearly';
  return completeness > 0 ? 'partial' : 'none';
}

/** In percent with up to one decimal, rounded down: 99.99 % is never told as 100 %; what is there is never told as 0 %. */
export function formatCompleteness(completeness: number): string {
  if (!Number.isFinite(completeness)) return '– %';
  const perMille = Math.floor(Math.min(1, Math.max(0, completeness)) * 1_000 + 1e-9);
  if (perMille === 0 && completeness > 0) return '< 0.1 %';
  if (perMille === 1_000 && completeness < 1) return '99.9 %';
  return `${perMille / 10} %`;
}
