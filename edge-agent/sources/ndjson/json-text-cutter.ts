import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  CR,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  TAB,
} from '../ascii.ts';
import { INCOMPLETE } from '../records/record-format.ts';

/**
 * Cuts a file into JSON texts: what stands on a line, or, where that is an array, each object of it. Behind such an object
 * it goes on at the comma, or at the end of the array, so that where it stands says whether it is within one.
 *
 * Where objects go over lines, or stand behind one another on one, in an array or not, each is a text for itself.
 */
export class JsonTextCutter {
  /** The last text. Of what is no text, such as the end of an array, it is empty. */
  textStart = 0;
  textEnd = 0;
  lineEnds = 0;
  readonly #isOverLines: boolean;

  constructor(isOverLines: boolean) {
    this.#isOverLines = isOverLines;
  }

  /** The index behind the text at `from`, or INCOMPLETE, where more than `bytes[from, to)` is needed (RecordFormat). */
  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    if (this.#isOverLines) return this.#overLines(bytes, from, to, atEnd);
    const at = behindBlanks(bytes, from, to);
    const mark = at < to ? bytes[at] : LF;
    if (mark === OPEN_BRACKET || mark === COMMA) {
      const start = behindBlanks(bytes, at + 1, to);
      if (start === to && !atEnd) return INCOMPLETE;
      const end = bytes[start] === OPEN_BRACE ? objectEnd(bytes, start, to, false) : -1;
      if (end >= 0) {
        this.textStart = start;
        this.textEnd = end;
        this.lineEnds = 0;
        return end;
      }
      if (mark === OPEN_BRACKET && bytes[start] === CLOSE_BRACKET) return this.#line(bytes, from, start + 1, to, atEnd);
    }
    return this.#line(bytes, from, mark === CLOSE_BRACKET ? at + 1 : from, to, atEnd);
  }

  #overLines(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const at = behindMarks(bytes, from, to);
    if (at === to && !atEnd) return INCOMPLETE;
    if (at === to || bytes[at] === LF) {
      this.textStart = this.textEnd = at;
      this.lineEnds = at === to ? 0 : 1;
      return at + this.lineEnds;
    }
    const end = bytes[at] === OPEN_BRACE ? objectEnd(bytes, at, to, true) : -1;
    if (end < 0) return bytes[at] === OPEN_BRACE && !atEnd ? INCOMPLETE : this.#line(bytes, from, from, to, atEnd);
    const next = behindMarks(bytes, end, to);
    if (next === to && !atEnd) return INCOMPLETE;
    this.textStart = at;
    this.textEnd = end;
    const behind = next < to && bytes[next] === LF ? next + 1 : next;
    this.lineEnds = countLineEnds(bytes, at, behind);
    return behind;
  }

  /** Takes the line from `from` on as one text, which is none where nothing but blanks stands behind `restFrom`. */
  #line(bytes: Uint8Array, from: number, restFrom: number, to: number, atEnd: boolean): number {
    const found = bytes.indexOf(LF, from);
    const lineEnd = found < 0 || found > to ? to : found;
    if (lineEnd === to && !atEnd) return INCOMPLETE;
    this.lineEnds = lineEnd < to ? 1 : 0;
    this.textEnd = lineEnd > from && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const isRestBlank = behindBlanks(bytes, restFrom, this.textEnd) >= this.textEnd;
    this.textStart = isRestBlank ? this.textEnd : from;
    return lineEnd < to ? lineEnd + 1 : to;
  }
}

function behindBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

/** The index behind what stands between the objects of an array on one line. */
function behindMarks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && MARKS.has(bytes[at]!)) at++;
  return at;
}

const MARKS: ReadonlySet<number> = new Set([SPACE, TAB, CR, COMMA, OPEN_BRACKET, CLOSE_BRACKET]);

function countLineEnds(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = bytes.indexOf(LF, from); at >= 0 && at < to; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

/**
 * Whether the objects from `from` on aren't one a line: an array goes on behind its first line, or holds others; an object
 * does, and has an end; or something that is no line end stands behind it.
 */
export function goesOverLines(bytes: Uint8Array, from: number, to: number): boolean {
  const at = behindBlanks(bytes, from, to);
  const mark = at < to ? bytes[at] : LF;
  if (mark !== OPEN_BRACKET && mark !== OPEN_BRACE) return false;
  const lineEnd = bytes.indexOf(LF, at);
  const isLineWhole = lineEnd >= 0 && lineEnd < to;
  const end = objectEnd(bytes, at, isLineWhole ? lineEnd : to, false);
  if (mark === OPEN_BRACKET) return bytes[behindBlanks(bytes, at + 1, to)] === OPEN_BRACKET || (isLineWhole && end < 0);
  if (end < 0) return objectEnd(bytes, at, to, true) >= 0;
  const behind = behindBlanks(bytes, end, to);
  return behind < to && (bytes[behind] === COMMA || bytes[behind] === OPEN_BRACE);
}

/** The index behind the object, or array, that begins at `from`; -1 where it doesn't end, on its line unless it may go over lines. */
function objectEnd(bytes: Uint8Array, from: number, to: number, isOverLines: boolean): number {
  let depth = 0;
  let isQuoted = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === LF && !isOverLines) return -1;
    if (isQuoted) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isQuoted = false;
    } else if (byte === QUOTE) isQuoted = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return -1;
}
