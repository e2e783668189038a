import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, SPACE } from '../ascii.ts';
import { JsonBytes } from './json-bytes.ts';
import { PollError } from './poll-error.ts';

/** The columns that rules read. */
export interface RowColumns {
  readonly time: readonly string[];
  readonly all: readonly string[];
}

/** What a field's name is called where it is the time of a row. */
const KEY = 'key';

/**
 * The rows that the object at `at` holds by its fields, as an array of JSON; null where it is a row itself:
 *
 * - `{"time": […], "load": […]}`, where the times that rules read are arrays: the elements at one place of all arrays are a
 *   row.
 * - `{"2024-01-01": {"load": 5}, …}`, where rules have their time from `key`, which no field is called: each field is a row,
 *   of what stands in it, or of its `value`.
 *
 * Nothing is parsed, so that no digit is lost. Throws PollError where arrays differ in length.
 */
export function objectRows(bytes: Uint8Array, at: number, { time, all }: RowColumns): Uint8Array | null {
  const json = new JsonBytes(bytes);
  const isArray = (column: string): boolean => {
    const valueAt = json.find(at, column);
    return valueAt !== null && bytes[valueAt] === OPEN_BRACKET;
  };
  if (time.length > 0 && time.every(isArray)) return rowsOfColumns(bytes, at, all.filter(isArray));
  return time.includes(KEY) && json.find(at, KEY) === null ? rowsOfFields(bytes, at) : null;
}

function rowsOfColumns(bytes: Uint8Array, at: number, columns: readonly string[]): Uint8Array {
  const json = new JsonBytes(bytes);
  const held = columns.map((column) => {
    const elements = json.elements(json.find(at, column)!);
    return { name: Buffer.from(`${JSON.stringify(column)}:`), elements };
  });
  const [first, ...others] = held;
  const other = others.findIndex(({ elements }) => elements.length !== first!.elements.length);
  if (other >= 0) {
    const counts = [first!, others[other]!].map(({ elements }) => elements.length / 2).join(' and ');
    const names = `${JSON.stringify(columns[0])} and ${JSON.stringify(columns[other + 1])}`;
    throw PollError.lasting(`its columns ${names} have ${counts} elements`, 'name columns that belong together');
  }
  const rows = first!.elements.length / 2;
  const named = held.reduce((sum, { name }) => sum + name.length + 1, 0);
  // Columns may lie in one another.
  const valued = held.reduce((sum, { elements }) => sum + (elements.at(-1) ?? 0) - (elements[0] ?? 0), 0);
  const text = new ArrayText(valued + rows * (named + 3));
  for (let i = 0; i < 2 * rows; i += 2) {
    text.begin();
    for (const { name, elements } of held) text.field(name, bytes.subarray(elements[i]!, elements[i + 1]!));
    text.end();
  }
  return text.finish();
}

const KEY_NAME = Buffer.from(`"${KEY}":`);
const VALUE_NAME = Buffer.from('"value":');
const NO_NAME = Buffer.alloc(0);

function rowsOfFields(bytes: Uint8Array, at: number): Uint8Array {
  const fields = new JsonBytes(bytes).fields(at);
  const text = new ArrayText(bytes.length + fields.length * (KEY_NAME.length + VALUE_NAME.length + 5));
  for (const [nameAt, nameEnd, valueAt, valueEnd] of fields) {
    text.begin();
    text.field(KEY_NAME, bytes.subarray(nameAt, nameEnd));
    const value = bytes.subarray(valueAt, valueEnd);
    const inside = value[0] === OPEN_BRACE ? value.subarray(1, -1) : undefined;
    if (inside === undefined) text.field(VALUE_NAME, value);
    else if (inside.some((byte) => byte > SPACE)) text.field(NO_NAME, inside);
    text.end();
  }
  return text.finish();
}

/** An array of objects that is written piece by piece, into so many bytes at most. */
class ArrayText {
  readonly #bytes: Buffer;
  #at = 0;
  #rows = 0;
  #fields = 0;

  constructor(bytesMax: number) {
    this.#bytes = Buffer.allocUnsafe(bytesMax + 2);
    this.#byte(OPEN_BRACKET);
  }

  begin(): void {
    if (this.#rows++ > 0) this.#byte(COMMA);
    this.#byte(OPEN_BRACE);
    this.#fields = 0;
  }

  /** A field's name with its colon, and its value, as they are written. */
  field(name: Uint8Array, value: Uint8Array): void {
    if (this.#fields++ > 0) this.#byte(COMMA);
    for (const part of [name, value]) {
      this.#bytes.set(part, this.#at);
      this.#at += part.length;
    }
  }

  end(): void {
    this.#byte(CLOSE_BRACE);
  }

  finish(): Uint8Array {
    this.#byte(CLOSE_BRACKET);
    return this.#bytes.subarray(0, this.#at);
  }

  #byte(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }
}
