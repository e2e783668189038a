import { type Factor, parseFactor, ScaledProduct, timesFactor } from '#core/numbers/factor.ts';
import { describeScaledFault, type ExcessRule, lastScaledFault, type ScaledFault } from '#core/numbers/scaled.ts';
import { quote } from '../batch-columns.ts';
import { ABSENT, type FieldTable } from './key-table.ts';
import { NUMBER_BYTES_MAX, type NumberMarks, NumberText, trimmedEnd } from './number-text.ts';

/** Different factors of one rule that are kept: files have a handful, and a further one is only made again. */
const PRODUCTS_MAX = 1_000;

const ONE: Factor = { numerator: 1n, denominator: 1n };

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

/** What a rule says of its values beside their metric. */
export interface ValueRule {
  readonly decimals: number;
  readonly excess: ExcessRule;
  /** What each unit that may stand behind the number makes of it; '' is for a number without one. */
  readonly units: ReadonlyMap<string, Factor> | null;
  /** What every value is multiplied by: a factor, or the column that holds it, by its position and name. */
  readonly scale: Factor | { readonly column: number; readonly name: string } | null;
}

interface Unit {
  readonly text: Uint8Array;
  readonly factor: Factor;
  /** By `factor` alone, where no column holds another one. */
  readonly product: ScaledProduct;
  /** By the text of the factor's column; null where that is no factor. */
  readonly products: Map<string, ScaledProduct | null>;
}

/**
 * Reads the values of one rule that are not plain decimals: written with other marks, with a unit behind the number, or
 * to be multiplied. All of it is exact; what a value has beyond its decimals is its metric's `excess`.
 */
export class ValueText {
  readonly #rule: ValueRule;
  readonly #marks: NumberMarks;
  readonly #numbers: NumberText;
  /** The longest first, so that `kWh` is not taken for `Wh`. */
  readonly #units: readonly Unit[];
  readonly #column: number;
  #problem: 'value' | 'unit' | 'scale' = 'value';

  constructor(rule: ValueRule, marks: NumberMarks) {
    this.#rule = rule;
    this.#marks = marks;
    this.#numbers = new NumberText(marks);
    const { scale, units } = rule;
    const isColumn = scale !== null && 'column' in scale;
    this.#column = isColumn ? scale.column : ABSENT;
    const scaleFactor = scale === null || isColumn ? ONE : scale;
    this.#units = Array.from(units ?? new Map([['', ONE]]), ([text, factor]) => {
      const all = timesFactor(factor, scaleFactor);
      const product = new ScaledProduct(all, rule.decimals);
      return { text: encoder.encode(text), factor: all, product, products: new Map<string, ScaledProduct | null>() };
    }).toSorted((a, b) => b.text.length - a.text.length);
  }

  /** The scaled value in `bytes[start, end)` of a row; NaN where it is refused, and `fault` says why. */
  parse(bytes: Uint8Array, start: number, end: number, fields: FieldTable): number {
    const unit = this.#unitOf(bytes, start, end);
    if (unit === undefined) {
      this.#problem = 'unit';
      return Number.NaN;
    }
    const product = this.#column === ABSENT ? unit.product : this.#productOf(unit, bytes, fields);
    if (product === null) {
      this.#problem = 'scale';
      return Number.NaN;
    }
    this.#problem = 'value';
    const numberEnd = trimmedEnd(bytes, start, end - unit.text.length);
    const length = this.#numbers.rewrite(bytes, start, numberEnd);
    // What can't be rewritten is empty here, which is no number either.
    return product.parse(this.#numbers.plain, 0, Math.max(length, 0), this.#rule.excess);
  }

  /** Why the last call of `parse` with this text gave NaN. */
  fault(bytes: Uint8Array, start: number, end: number, fields: FieldTable): string {
    const text = quote(bytes, start, end);
    const { scale, units, decimals } = this.#rule;
    const factor = this.#column === ABSENT ? '' : quoteField(bytes, fields, this.#column);
    const scaledFault = lastScaledFault();
    if (this.#problem === 'scale') {
      const { name } = scale as { readonly name: string };
      return `its factor in column ${JSON.stringify(name)} is ${JSON.stringify(factor)}, which is no number`;
    }
    const hasOtherUnit = this.#problem === 'unit' || (scaledFault === 'not-a-number' && WITH_UNIT.test(text));
    if (units !== null && hasOtherUnit) {
      const known = [...units.keys()].filter((unit) => unit !== '').join(', ');
      return `value ${JSON.stringify(text)} is not in ${known}; name its unit under \`unit\`, with its factor`;
    }
    const multiplied = factor === '' || scaledFault === 'not-a-number' ? text : `${text} · ${factor}`;
    return describeValueFault(scaledFault, multiplied, decimals, this.#marks);
  }

  #unitOf(bytes: Uint8Array, start: number, end: number): Unit | undefined {
    for (const unit of this.#units) {
      const unitAt = end - unit.text.length;
      if (unitAt < start || !unit.text.every((byte, i) => bytes[unitAt + i] === byte)) continue;
      // Letters before it are the rest of another unit, as in `MWh`; a text without a unit may be anything.
      if (unit.text.length === 0 || !isLetter(bytes[trimmedEnd(bytes, start, unitAt) - 1])) return unit;
    }
    return undefined;
  }

  #productOf(unit: Unit, bytes: Uint8Array, fields: FieldTable): ScaledProduct | null {
    const [start, end] = [fields.starts[this.#column]!, fields.ends[this.#column]!];
    if (end === ABSENT || end - start > NUMBER_BYTES_MAX) return null;
    const text = latin1.decode(bytes.subarray(start, end));
    const known = unit.products.get(text);
    if (known !== undefined) return known;
    const length = this.#numbers.rewrite(bytes, start, end);
    const factor = parseFactor(latin1.decode(this.#numbers.plain.subarray(0, Math.max(length, 0))));
    const product = factor === null ? null : new ScaledProduct(timesFactor(factor, unit.factor), this.#rule.decimals);
    if (unit.products.size >= PRODUCTS_MAX) unit.products.clear();
    unit.products.set(text, product);
    return product;
  }
}

function quoteField(bytes: Uint8Array, { starts, ends }: FieldTable, column: number): string {
  return ends[column] === ABSENT ? '' : quote(bytes, starts[column]!, ends[column]!);
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && (byte >= 0x80 || (byte | 0x20) >= 0x61) && byte !== 0x7f;
}

const COMMA_DECIMAL = /^[+-]?\d*,\d+$/;
const GROUPED = /^[+-]?\d{1,3}(?=([.,' \u00a0\u202f\u2009\u2019]))(?:\1\d{2,3})*\1\d{3}(?:[.,]\d*)?$/;
/** A number whose comma is its decimal mark, and which has another one between its thousands. */
const GROUPED_COMMA_DECIMAL = /^[+\u2212-]?\d{1,3}(?:([.' \u00a0\u202f\u2009\u2019])\d{3})(?:\1\d{3})*,\d+$/;
/** What is written behind digits and is no unit: a group after `_`, hours of a time, a number of base 16. */
const NO_UNIT = /^(?:[_:;/]|x[\da-f]+$)/i;
const WITH_UNIT = /^[+-]?[\d.,]+ ?([^\d\s.,+-]\S{0,15})$/;

/** Why a value was refused, and what helps, by what its text looks like. */
export function describeValueFault(fault: ScaledFault, text: string, decimals: number, marks: NumberMarks): string {
  if (fault !== 'not-a-number') return describeScaledFault(fault, text, decimals);
  const plain = marks.decimal === '.' && marks.thousands === undefined;
  const what = `value ${JSON.stringify(text)} is not a decimal number`;
  if (text.includes('\ufffd'))
    return `${what}, nor UTF-8; say how the file is written, as in \`encoding: windows-1252\``;
  if (marks.decimal === '.' && marks.thousands !== ',' && COMMA_DECIMAL.test(text))
    return `${what}; say \`decimal: ","\` where the comma is its decimal mark`;
  const between = plain ? GROUPED_COMMA_DECIMAL.exec(text)?.[1] : undefined;
  if (between !== undefined)
    return `${what}; say \`decimal: ","\` and \`thousands: ${quotedMark(between)}\` where these are its marks`;
  const mark = marks.thousands === undefined ? GROUPED.exec(text)?.[1] : undefined;
  if (mark !== undefined && mark !== marks.decimal)
    return `${what}; say \`thousands: ${quotedMark(mark)}\` where that stands between its thousands`;
  const unit = WITH_UNIT.exec(text)?.[1];
  if (unit !== undefined && !/^e/i.test(unit) && !NO_UNIT.test(unit))
    return `${what}; say \`unit: ${unit}\` where its unit stands behind it`;
  if (plain) return describeScaledFault(fault, text, decimals);
  const thousands = marks.thousands === undefined ? '' : ` and ${JSON.stringify(marks.thousands)} between thousands`;
  return `${what} with ${JSON.stringify(marks.decimal)} as its decimal mark${thousands}; name it under \`missing\` where it stands for no reading`;
}

/** A mark as the configuration names it: one space stands for all that are written. */
function quotedMark(mark: string): string {
  return JSON.stringify(mark.trim() === '' ? ' ' : mark);
}

/** The texts that stand for "no reading", compared as bytes. */
export class MissingTexts {
  readonly #empty: boolean;
  readonly #texts: readonly Uint8Array[];
  /** Whether any missing text begins with a byte: nearly every cell is let through by this alone. */
  readonly #begins = new Uint8Array(256);

  constructor(texts: readonly string[]) {
    this.#empty = texts.includes('');
    this.#texts = texts.filter((text) => text !== '').map((text) => new TextEncoder().encode(text));
    for (const text of this.#texts) this.#begins[text[0]!] = 1;
  }

  /** Whether `bytes[start, end)`, already trimmed, says that there is no reading. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return this.#empty;
    return this.#begins[bytes[start]!] === 1 && this.#texts.some((text) => equalBytes(text, bytes, start, end));
  }
}

/** Whether `bytes[start, end)` is exactly `text`. */
export function equalBytes(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
