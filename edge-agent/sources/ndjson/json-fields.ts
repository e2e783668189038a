import { parseJsonExactly } from '../json-source-text.ts';

/** A JSON value in which a number whose digits a double might lose is text. */
export type JsonText = string | number | boolean | null | readonly JsonText[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonText };

/**
 * Parses one JSON text. Gives undefined where it is not JSON, or is nested so deeply that it can only be meant as an
 * attack.
 */
export function parseJsonText(text: string): JsonText | undefined {
  try {
    return parseJsonExactly(text, () => true) as JsonText;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

export function isJsonObject(value: JsonText | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value that a path leads to: a field of that very name, or else the fields between its dots; undefined for none. */
export function valueAtPath(object: JsonObject, path: string): JsonText | undefined {
  if (Object.hasOwn(object, path)) return object[path];
  let value: JsonText | undefined = object;
  for (const name of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** The paths of an object's plain values, for messages. */
export function pathsOf(object: JsonObject, prefix = ''): readonly string[] {
  return Object.entries(object).flatMap(([name, value]) =>
    isJsonObject(value) && prefix.length < PATH_CHARS_MAX ? pathsOf(value, `${prefix}${name}.`) : [prefix + name],
  );
}

/** A longer path is nobody's field; the bound also keeps the recursion shallow. */
const PATH_CHARS_MAX = 256;
