import { nearestNames } from '#core/time/nearest-name.ts';
import { COMMA, LF, OPEN_BRACE, OPEN_BRACKET, SPACE } from '../ascii.ts';
import { isJsonObject, type JsonObject, type JsonText } from '../ndjson/json-fields.ts';
import { decode, JsonBytes, notJson, parsed } from './json-bytes.ts';
import { objectRows, type RowColumns } from './object-rows.ts';
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
 * path those of the answer itself. An object may also hold rows by its fields (`objectRows`). They are not parsed, so that no digit is lost and a damaged row costs only itself. With
 * `receivedMs` each object gets that as a field without a name. Throws PollError where there are none to be found.
 */
export function takeJsonRows(
  answer: Uint8Array,
  path: string | undefined,
  { receivedMs, columns }: { readonly receivedMs?: number | undefined; readonly columns?: RowColumns } = {},
): JsonRows {
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
  const held = isArray || columns === undefined || elements.length === 0 ? null : objectRows(answer, at, columns);
  if (held !== null) {
    const inside = new JsonBytes(held).elements(0);
    return { ...asLines(held, inside, receivedMs), count: inside.length / 2, rest };
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
