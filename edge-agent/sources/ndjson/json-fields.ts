import { parseJsonExactly } from '../json-source-text.ts';
import type { SeriesRule } from '../rows/rows-section.ts';

/** A JSON value in which a number whose digits a double might lose is text. */
export type JsonText = string | number | boolean | null | readonly JsonText[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonText };

/** What rules name a row, or a message, that is no object but a value or an array. */
export const PAYLOAD = 'payload';

/**
 * Parses one JSON text. Gives undefined where it is not JSON, or is nested so deeply that it can only be meant as an
 * attack. What is no number, such as NaN, is null. `textOf` writes a number that becomes text, by the name of its field.
 */
export function parseJsonText(text: string, textOf?: (source: string, name: string) => string): JsonText | undefined {
  const parsed = parsedOr(text, textOf);
  if (parsed !== undefined || !MAY_HOLD_NO_NUMBER.test(text)) return parsed;
  return parsedOr(
    text.replaceAll(STRING_OR_NO_NUMBER, (found) => (found.startsWith('"') ? found : 'null')),
    textOf,
  );
}

const MAY_HOLD_NO_NUMBER = /nan|inf/i;
/** A string, also one that doesn't end, or what Python, C and JavaScript print of a number that is none. */
const STRING_OR_NO_NUMBER = /"(?:[^"\\]|\\[^])*(?:"|\\?$)|[+-]?\b(?:nan|inf|infinity)\b/gi;

function parsedOr(text: string, textOf?: (source: string, name: string) => string): JsonText | undefined {
  try {
    return parseJsonExactly(text, () => true, textOf) as JsonText;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The text of a plain value. Of a column of values true is 1 and false is 0, unless texts of its rule say otherwise. */
export function textOfValue(value: string | number | boolean, isTruthNumber: boolean): string {
  return typeof value === 'boolean' && isTruthNumber ? String(Number(value)) : String(value);
}

/** The columns of rules in which true and false are the numbers 1 and 0. */
export function truthColumns(series: readonly Pick<SeriesRule, 'value' | 'texts'>[]): readonly string[] {
  const saysOtherwise = ({ texts }: Pick<SeriesRule, 'texts'>): boolean =>
    'true' in (texts ?? {}) || 'false' in (texts ?? {});
  return series.flatMap((rule) => (saysOtherwise(rule) ? [] : [rule.value]));
}

export function isJsonObject(value: JsonText | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value that a path leads to: a field of that very name, or else the fields between its dots, where a number stands
 * for that element of an array, from 0, and a name may have dots itself; undefined for none.
 */
export function valueAtPath(object: JsonObject, path: string): JsonText | undefined {
  if (Object.hasOwn(object, path)) return object[path];
  let value: JsonText | undefined = object;
  const names = path.split('.');
  for (let i = 0; i < names.length; i++) {
    let name = names[i]!;
    if (Array.isArray(value) ? !ELEMENT.test(name) : !isJsonObject(value)) return undefined;
    while (!Object.hasOwn(value as object, name)) {
      if (++i === names.length) return undefined;
      name += `.${names[i]}`;
    }
    value = (value as JsonObject)[name];
  }
  return value;
}

/** The number of an element, as its path writes it. */
const ELEMENT = /^(?:0|[1-9]\d*)$/;

/** The paths of an object's plain values, for messages; of an array, those of its first elements. */
export function pathsOf(value: JsonObject | readonly JsonText[], prefix = ''): readonly string[] {
  const inside = Object.entries<JsonText>(Array.isArray(value) ? value.slice(0, ELEMENTS_MAX) : (value as JsonObject));
  return inside.flatMap(([name, each]) =>
    typeof each === 'object' && each !== null && prefix.length < PATH_CHARS_MAX
      ? pathsOf(each, `${prefix}${name}.`)
      : [`${prefix}${name}`],
  );
}

/** A longer path is nobody's field; the bound also keeps the recursion shallow. */
const PATH_CHARS_MAX = 256;

/** Elements of an array whose paths are told. */
const ELEMENTS_MAX = 4;
