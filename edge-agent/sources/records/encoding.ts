import { isUtf8 } from 'node:buffer';
import { LF } from '../ascii.ts';
import { SourceError } from '../source-error.ts';

/** How a file may say that its text is encoded. `utf-16` is told apart by its mark, or by where its zero bytes stand. */
export const ENCODINGS = [
  'utf-8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'iso-8859-1',
  'iso-8859-15',
] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** An encoding that is read by way of UTF-8. */
export type OtherEncoding = Exclude<Encoding, 'utf-8' | 'utf-16'>;

/** Bytes from which the encoding of a file can be told. */
export const ENCODING_BYTES = 4;

/** What a file begins with, and what it is then written in. */
const MARKS: readonly (readonly [mark: readonly number[], encoding: 'utf-8' | OtherEncoding])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** What a file is written in that begins with these bytes. Throws SourceError where its mark says other than its section. */
export function encodingOf(subject: string, said: Encoding | undefined, head: Uint8Array): 'utf-8' | OtherEncoding {
  const marked = MARKS.find(([mark]) => mark.every((byte, i) => head[i] === byte))?.[1];
  if (marked === undefined) {
    if (said !== 'utf-16') return said ?? 'utf-8';
    // The first character of any table or JSON is one of ASCII.
    return head[0] === 0 && head[1] !== 0 ? 'utf-16be' : 'utf-16le';
  }
  if (said === undefined || said === marked || (said === 'utf-16' && marked !== 'utf-8')) return marked;
  const value = `begins with the mark of ${marked.toUpperCase()} where \`encoding\` says ${said}`;
  throw new SourceError('not-text', subject, value, 'leave `encoding` out');
}

/** Throws SourceError where the first lines of a file, whose `encoding` nobody has said, are not UTF-8. */
export function checkUtf8(subject: string, bytes: Uint8Array, atEnd: boolean): void {
  // A character may go on behind them.
  const whole = atEnd ? bytes : bytes.subarray(0, bytes.lastIndexOf(LF) + 1);
  if (isUtf8(whole)) return;
  for (let at = 0, line = 1; at < whole.length; line++) {
    const found = whole.indexOf(LF, at);
    const end = found < 0 ? whole.length : found;
    const text = whole.subarray(at, end);
    at = end + 1;
    if (isUtf8(text)) continue;
    const quoted = JSON.stringify(new TextDecoder().decode(text).slice(0, 80));
    const remedy =
      'if a spreadsheet or an older program wrote it, say `encoding: windows-1252`; where some of it is damaged, say `encoding: utf-8`, and its rows are refused one by one';
    throw new SourceError('not-text', subject, `is not UTF-8, as line ${line} shows: ${quoted}`, remedy);
  }
}
