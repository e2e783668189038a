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
 */
export class JsonTextCutter {
  /** The last text. Of what is no text, such as the end of an array, it is empty. */
  textStart = 0;
  textEnd = 0;
  lineEnds = 0;

  /** The index behind the text at `from`, or INCOMPLETE, where more than `bytes[from, to)` is needed (RecordFormat). */
  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const at = behindBlanks(bytes, from, to);
    const mark = at < to ? bytes[at] : LF;
    if (mark === OPEN_BRACKET || mark === COMMA) {
      const start = behindBlanks(bytes, at + 1, to);
      if (start === to && !atEnd) return INCOMPLETE;
      const end = bytes[start] === OPEN_BRACE ? objectEnd(bytes, start, to) : -1;
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

/** The index behind the object that begins at `from`; -1 where it doesn't end on its line, as far as that is there. */
function objectEnd(bytes: Uint8Array, from: number, to: number): number {
  let depth = 0;
  let isQuoted = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === LF) return -1;
    if (isQuoted) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isQuoted = false;
    } else if (byte === QUOTE) isQuoted = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return -1;
}
