/** Which rows a rule is for: what `when` says of a column. */
import { z } from 'zod';
import { cellTextField, nameField } from '../section-fields.ts';
import { equalBytes } from './value-text.ts';

/** Texts that one condition may name: more states than any meter has. */
const CONDITION_TEXTS_MAX = 64;

const someTexts = z.union([
  cellTextField.transform((text) => [text]),
  z.array(cellTextField).min(1).max(CONDITION_TEXTS_MAX),
]);

/** One of some texts, or none of them. */
export interface RowCondition {
  readonly texts: readonly string[];
  readonly isNot: boolean;
}

const condition = z.union(
  [
    someTexts.transform((texts): RowCondition => ({ texts: texts.map((text) => text.trim()), isNot: false })),
    z
      .strictObject({ not: someTexts })
      .transform(({ not }): RowCondition => ({ texts: not.map((text) => text.trim()), isNot: true })),
  ],
  'when must be a text, a list of texts, or { not: … } with these',
);

/** Texts of columns, which rows are told apart by. */
export const ROWS_WHEN = z
  .record(nameField, condition.meta({ title: 'text, list of text, or { not: … }' }))
  .default({});

export type RowsWhen = z.output<typeof ROWS_WHEN>;

/** The condition that a column has just this text. */
export function isText(text: string): RowCondition {
  return { texts: [text], isNot: false };
}

/** Whether a text that is trimmed fulfils a condition. */
export function fulfils({ texts, isNot }: RowCondition, text: string): boolean {
  return texts.includes(text) !== isNot;
}

/** Whether some row may fulfil both. */
export function mayMeet(a: RowsWhen, b: RowsWhen): boolean {
  return Object.entries(a).every(([column, one]) => {
    const other = b[column];
    if (other === undefined || (one.isNot && other.isNot)) return true;
    const [named, others] = one.isNot ? [other, one] : [one, other];
    return named.texts.some((text) => fulfils(others, text));
  });
}

/** A condition on a column by its position, for the bytes of rows. */
export class ColumnCondition {
  readonly column: number;
  readonly #texts: readonly Uint8Array[];
  readonly #isNot: boolean;

  constructor(column: number, { texts, isNot }: RowCondition) {
    this.column = column;
    this.#texts = texts.map((text) => new TextEncoder().encode(text));
    this.#isNot = isNot;
  }

  /** Whether the field `bytes[start, end)` fulfils it; one that a row doesn't have is no text at all. */
  holds(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#texts.some((text) => equalBytes(text, bytes, start, end)) !== this.#isNot;
  }
}
