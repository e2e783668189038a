/** A window as the API told it, with numbers as the texts that they were. */
export interface ToldWindow {
  readonly start: string;
  readonly end: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly stats: Readonly<Record<string, string | null | ToldReading>>;
  readonly completeness: string;
  readonly final: boolean;
  readonly revision: string;
  readonly pending?: readonly string[];
  readonly unchecked?: string;
}

export interface ToldReading {
  readonly time: string;
  readonly value: string;
}

export interface ToldAnswer {
  readonly view: string;
  readonly version: string;
  readonly position: string;
  readonly freshness: string | null;
  /** The view is still folded. */
  readonly provisional?: boolean;
  /** Agents that the answer does without. */
  readonly without?: readonly string[];
  readonly windows: readonly ToldWindow[];
}

/** Reads an answer without passing a number through a double. */
export function readAnswer(text: string): ToldAnswer {
  const keep = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' ? context.source : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown) as ToldAnswer;
}

/** How many readings a window says it has. */
export function countOf({ stats }: ToldWindow): number {
  return Number(stats['count'] as string);
}

/** A decimal text as an integer scaled by 10^decimals. Throws where it has more decimals. */
export function scaledOf(text: string, decimals: number): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined || fraction.length > decimals)
    throw new Error(`${text} is no number with up to ${decimals} decimals`);
  const scaled = BigInt(whole + fraction.padEnd(decimals, '0'));
  return sign === '-' ? -scaled : scaled;
}
