/** The line protocol, slowly: with strings and regular expressions, after InfluxData's reference of it. */

export type OracleValue =
  | { readonly kind: 'number' | 'string'; readonly text: string }
  | { readonly kind: 'boolean'; readonly isTrue: boolean };

export interface OraclePoint {
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, OracleValue])[];
  /** As it is written; undefined where the time is that of receipt. */
  readonly time: string | undefined;
}

/** A name, whole: the lookahead keeps the expression from giving an escaped ender back to end the name with. */
const KEY = (group: number): string => `(?=((?:\\\\[,= ]|[^,= \\n])+))\\${group}`;
const MEASUREMENT = /^((?:\\[, ]|[^, \n])+)/;
const TAG = new RegExp(`^,${KEY(1)}=${KEY(2)}(?=[, ])`);
const FIELD_KEY = new RegExp(`^${KEY(1)}=`);
const STRING = /^"((?:\\[^]|[^"\\])*)"/;
const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![iu\d.])/;
const INTEGER = /^(-?\d+)i/;
const UNSIGNED = /^(\d+)u/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE|t|T|f|F)/;
const TIME = /^-?\d{1,19}$/;

/** The point that a line is, or null where it is none. A line here has no line end but those in its strings. */
export function pointOf(text: string): OraclePoint | null {
  const line = text.replace(/\r$/, '');
  const measurement = MEASUREMENT.exec(line)?.[1];
  if (measurement === undefined) return null;
  let rest = line.slice(measurement.length);
  const tags: [string, string][] = [];
  for (let match = TAG.exec(rest); match !== null; match = TAG.exec(rest)) {
    tags.push([unescaped(match[1]!), unescaped(match[2]!)]);
    rest = rest.slice(match[0].length);
  }
  if (!rest.startsWith(' ')) return null;
  rest = rest.replace(/^[ \t]+/, '');
  const fields: [string, OracleValue][] = [];
  for (;;) {
    const key = FIELD_KEY.exec(rest);
    if (key === null) return null;
    const taken = valueOf(rest.slice(key[0].length));
    if (taken === null) return null;
    fields.push([unescaped(key[1]!), taken.value]);
    rest = rest.slice(key[0].length + taken.length);
    if (!rest.startsWith(',')) break;
    rest = rest.slice(1);
  }
  if (rest !== '' && !rest.startsWith(' ')) return null;
  const time = rest.replaceAll(/^[ \t]+|[ \t]+$/g, '');
  if (time !== '' && !TIME.test(time)) return null;
  return { measurement: measurement.replaceAll(/\\([, ])/g, '$1'), tags, fields, time: time === '' ? undefined : time };
}

function unescaped(name: string): string {
  return name.replaceAll(/\\([,= ])/g, '$1');
}

function valueOf(text: string): { readonly value: OracleValue; readonly length: number } | null {
  const string = STRING.exec(text);
  if (string !== null) {
    const value = { kind: 'string', text: string[1]!.replaceAll(/\\(["\\])/g, '$1') } as const;
    return { value, length: string[0].length };
  }
  const integer = INTEGER.exec(text) ?? UNSIGNED.exec(text);
  if (integer !== null) {
    const bits = BigInt(integer[1]!);
    const isInRange = integer[0].endsWith('u') ? BigInt.asUintN(64, bits) === bits : BigInt.asIntN(64, bits) === bits;
    return isInRange ? { value: { kind: 'number', text: integer[1]! }, length: integer[0].length } : null;
  }
  const decimal = DECIMAL.exec(text)?.[0];
  if (decimal !== undefined) return { value: { kind: 'number', text: decimal }, length: decimal.length };
  const boolean = BOOLEAN.exec(text)?.[0];
  if (boolean === undefined) return null;
  return { value: { kind: 'boolean', isTrue: /^t/i.test(boolean) }, length: boolean.length };
}
