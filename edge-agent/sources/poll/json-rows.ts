import { nearestNames } from '#core/time/nearest-name.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../ascii.ts';
import { isJsonObject, type JsonObject, type JsonText } from '../ndjson/json-fields.ts';
import { PollError } from './poll-error.ts';

/** Names that are told where a path leads nowhere. */
const LISTED_MAX = 12;

/** The rows of a JSON answer, taken out of it. */
export interface JsonRows {
  /** One row a line, in `bytes[0, end)`, as it was written; behind them there is room for one more row. */
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly count: number;
  /** The answer without its rows: what it says of further pages. */
  readonly rest: JsonText;
}

/**
 * Takes the rows out of an answer in JSON (RFC 8259): the elements of the array at a path, or the one object there; without a
 * path those of the answer itself. They are not parsed, so that no digit is lost and a damaged row costs only itself. With
 * `receivedMs` each object gets that as a field without a name. Throws PollError where there are none to be found.
 */
export function takeJsonRows(answer: Uint8Array, path: string | undefined, receivedMs?: number): JsonRows {
  const text = new JsonBytes(answer);
  const at = path === undefined ? text.skipSpace(0) : text.find(text.skipSpace(0), path);
  if (at === null) throw noSuchPath(answer, path!);
  const isArray = answer[at] === OPEN_BRACKET;
  const end = text.valueEnd(at);
  const elements = isArray ? text.elements(at) : answer[at] === OPEN_BRACE ? [at, end] : [];
  const rest = parsed(`${decode(answer.subarray(0, at))}null${decode(answer.subarray(end))}`);
  if (rest === undefined) {
    // Throws where it ends too early.
    text.valueEnd(text.skipSpace(0));
    throw notJson();
  }
  if (elements.length === 0 && !isArray && decode(answer.subarray(at, end)) !== 'null') {
    const where = path === undefined ? 'the answer' : `its field ${JSON.stringify(path)}`;
    throw PollError.lasting(
      `${where} is neither an array nor an object`,
      'name the path of the array of rows at `rows`',
    );
  }
  return { ...asLines(answer, elements, receivedMs), count: elements.length / 2, rest };
}

/** Writes elements, given by their starts and ends, one a line. */
function asLines(
  answer: Uint8Array,
  elements: readonly number[],
  receivedMs: number | undefined,
): Pick<JsonRows, 'bytes' | 'end'> {
  const received = receivedMs === undefined ? '' : `"":${receivedMs}}`;
  let longest = 0;
  for (let i = 0; i < elements.length; i += 2) longest = Math.max(longest, elements[i + 1]! - elements[i]!);
  const added = received.length + 1;
  const bytes = Buffer.allocUnsafe(answer.length + (elements.length / 2 + 2) * (added + 1) + longest);
  let end = 0;
  for (let i = 0; i < elements.length; i += 2) {
    const start = elements[i]!;
    const from = end;
    for (let at = start; at < elements[i + 1]!; at++) {
      // Between tokens a line end is a space; inside of a text JSON has none.
      const byte = answer[at]!;
      bytes[end++] = byte < SPACE ? SPACE : byte;
    }
    if (received !== '' && bytes[from] === OPEN_BRACE) {
      do end--;
      while (end > from && bytes[end - 1] === SPACE);
      if (end - from > 1) bytes[end++] = COMMA;
      end += bytes.write(received, end, 'latin1');
    }
    bytes[end++] = LF;
  }
  return { bytes, end };
}

/** As numbers what are numbers: what pages say of themselves is counted with. Undefined for what is not JSON. */
function parsed(text: string): JsonText | undefined {
  try {
    return JSON.parse(text) as JsonText;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function notJson(): PollError {
  return PollError.lasting('its answer is not JSON', 'check the `url`; say `format: csv` where it is CSV');
}

function cutOff(): PollError {
  return PollError.passing('its answer ends in the middle of the JSON');
}

function noSuchPath(answer: Uint8Array, path: string): PollError {
  const root = parsed(decode(answer));
  if (root === undefined) return notJson();
  const paths = isJsonObject(root) ? arrayPaths(root) : [];
  const nearest = nearestNames(path, paths);
  const remedy =
    nearest.length > 0
      ? `did you mean ${nearest.join(' or ')}?`
      : paths.length > 0
        ? `it has ${paths.slice(0, LISTED_MAX).join(', ')}`
        : 'leave `rows` out where the answer itself is the array';
  return PollError.lasting(`its answer has no field ${JSON.stringify(path)} that \`rows\` names`, remedy);
}

/** Where an object holds arrays, a level or two down. */
function arrayPaths(object: JsonObject, prefix = '', levels = 3): readonly string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (Array.isArray(value)) return [prefix + name];
    return isJsonObject(value) && levels > 1 ? arrayPaths(value, `${prefix}${name}.`, levels - 1) : [];
  });
}

const decoder = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Finds its way in bytes of JSON by brackets and quotes alone; what stands between them is for a parser to judge. */
class JsonBytes {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The index of the first byte from `at` on that is no white space. Throws PollError where the text ends. */
  skipSpace(at: number): number {
    const bytes = this.#bytes;
    let next = at;
    while (next < bytes.length && bytes[next]! <= SPACE) next++;
    if (next >= bytes.length) throw cutOff();
    return next;
  }

  /** The index behind the value that begins at `at`: `at` itself where none does. */
  valueEnd(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] === QUOTE) return this.#textEnd(at);
    if (bytes[at] === OPEN_BRACKET || bytes[at] === OPEN_BRACE) return this.#bracketEnd(at);
    let next = at;
    while (!this.#isDelimiter(next)) next++;
    return next;
  }

  #bracketEnd(at: number): number {
    const bytes = this.#bytes;
    let depth = 0;
    for (let next = at; next < bytes.length; next++) {
      const byte = bytes[next];
      if (byte === QUOTE) next = this.#textEnd(next) - 1;
      else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth++;
      else if ((byte === CLOSE_BRACKET || byte === CLOSE_BRACE) && --depth === 0) return next + 1;
    }
    throw cutOff();
  }

  /** The starts and ends of the elements of the array that begins at `at`. */
  elements(at: number): readonly number[] {
    const found: number[] = [];
    let next = this.skipSpace(at + 1);
    while (this.#bytes[next] !== CLOSE_BRACKET) {
      const end = this.valueEnd(next);
      if (end === next) throw notJson();
      found.push(next, end);
      next = this.#afterComma(end);
    }
    return found;
  }

  /** Where the value of a path begins in the value that begins at `at`; null for none. */
  find(at: number, path: string): number | null {
    const bytes = this.#bytes;
    const dot = path.indexOf('.');
    const first = dot < 0 ? path : path.slice(0, dot);
    const isArray = bytes[at] === OPEN_BRACKET;
    if (!isArray && bytes[at] !== OPEN_BRACE) return null;
    let next = this.skipSpace(at + 1);
    for (let index = 0; bytes[next] !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE); index++) {
      let name = String(index);
      if (!isArray) {
        if (bytes[next] !== QUOTE) throw notJson();
        const nameEnd = this.#textEnd(next);
        const said = parsed(decode(bytes.subarray(next, nameEnd)));
        if (typeof said !== 'string') throw notJson();
        name = said;
        const colonAt = this.skipSpace(nameEnd);
        if (bytes[colonAt] !== COLON) throw notJson();
        next = this.skipSpace(colonAt + 1);
      }
      if (name === path) return next;
      if (name === first && dot >= 0) return this.find(next, path.slice(dot + 1));
      const end = this.valueEnd(next);
      if (end === next) throw notJson();
      next = this.#afterComma(end);
    }
    return null;
  }

  /** Where the next element or field begins, or the bracket that ends them. */
  #afterComma(at: number): number {
    const next = this.skipSpace(at);
    const byte = this.#bytes[next];
    if (byte === COMMA) return this.skipSpace(next + 1);
    if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) return next;
    throw notJson();
  }

  #textEnd(at: number): number {
    const bytes = this.#bytes;
    for (let next = at + 1; next < bytes.length; next++) {
      const byte = bytes[next];
      if (byte === BACKSLASH) next++;
      else if (byte === QUOTE) return next + 1;
    }
    throw cutOff();
  }

  #isDelimiter(at: number): boolean {
    const byte = this.#bytes[at];
    return byte === undefined || byte <= SPACE || byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE;
  }
}
