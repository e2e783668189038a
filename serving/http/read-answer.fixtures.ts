/** A window of an answer, its numbers as texts: JSON.parse would round them. */
export interface ReadWindow {
  readonly start: string;
  readonly end: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly stats: Readonly<Record<string, string>>;
  readonly completeness: number;
  readonly final: boolean;
  readonly revision: number;
  readonly pending?: readonly string[];
}

export interface ReadAnswer {
  readonly version: number;
  readonly position: string;
  readonly freshness: string | null;
  readonly windows: readonly ReadWindow[];
}

/** Reads an answer from its text, with the statistics' numbers as they are written (ECMA-262, JSON.parse source text). */
export function readAnswer(text: string): ReadAnswer {
  const reviver = (key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' && !['completeness', 'revision', 'version'].includes(key) ? context.source : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as ReadAnswer;
}
