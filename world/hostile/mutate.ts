import type { Draws } from '../platform/draws.ts';

/** Bytes of a mutated input; beyond its limit each door is as it is just above it. */
const MUTANT_BYTES_MAX = 64 * 1024;
/** Changes to one input: after more than a few, every door refuses it at its first field. */
const CHANGES_MAX = 4;
/** How deep things are nested in one another, and how often a span is repeated. */
const NESTED_MAX = 4_000;
const REPEATS_MAX = 300;

const NOTHING = new Uint8Array(0);
const utf8 = new TextEncoder();
const texts = (...all: readonly string[]): readonly Uint8Array[] => all.map((text) => utf8.encode(text));

/** Numbers where mistakes live, as text. */
const NUMBERS = texts(
  '0',
  '-0',
  '-1',
  '1e999',
  '-1e999',
  '1e-400',
  '0.1',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '-9007199254740992',
  '4503599627370496',
  '253402300800000',
  '99999999999999999999999999999999999999',
  '0.0000000000000000000000000000000000001',
  'NaN',
  'null',
  '0x10',
  '1_000',
  '٣',
);

/** The same as they lie in bytes: little-endian integers and doubles, and varints at their ends. */
const WORDS = [
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0],
  [0, 0, 0, 0, 0, 0, 0x20, 0],
  [1, 0, 0, 0, 0, 0, 0xe0, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
  [0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x00],
].map((bytes) => Uint8Array.from(bytes));

/** Bytes that are no UTF-8, or that few expect of it: overlong, a surrogate, beyond Unicode, marks, separators. */
const ODD_UTF8 = [
  ...[[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xe2, 0x82], [0xef, 0xbb, 0xbf]].map(
    (bytes) => Uint8Array.from(bytes),
  ),
  ...texts('\0', '\u2028', '\u202e', '\u0085', '\ufffe', '😀', 'e\u0301', 'ﬃ', '\ud83d\ude00'),
  ...texts(String.raw`\ud800`, String.raw`\u0000`, '%', '%ff', '%00', '\r', '\n', '\t', '\\', '"', "'"),
];

/** What a format reads as its own. */
const SYNTAX = texts(
  ...'{}[]:,;&=#|/+-?*'.split(''),
  ...'"" {} [] ": __proto__ "__proto__": constructor toString true *a *b'.split(' '),
  '&a ',
  '<<: ',
  '!!binary ',
  '---\n',
  '? ',
);

/** What can stand in itself. */
const OPENERS = texts('[', '{"a":', '{a: ', '- ', '"', '(', '? ', '&a [', '!!map ', 'a.');

/** A sample after some changes to it, all of which the draws decide: flipped bits, cut, spliced, repeated, replaced. */
export function mutate(draws: Draws, samples: readonly Uint8Array[]): Uint8Array {
  let bytes = draws.pick(samples);
  for (let changes = draws.between(1, CHANGES_MAX); changes > 0; changes--) {
    bytes = changed(draws, bytes, samples).subarray(0, MUTANT_BYTES_MAX);
  }
  // Of its own, and with nothing before or behind it.
  return Uint8Array.from(bytes);
}

function changed(draws: Draws, bytes: Uint8Array, samples: readonly Uint8Array[]): Uint8Array {
  const at = draws.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + draws.pick([0, 1, 1, 2, 4, 8, draws.below(bytes.length + 1)]));
  switch (draws.below(12)) {
    case 0:
    case 1:
      return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << draws.below(8)));
    case 2:
      return withByte(bytes, at, draws.pick([0, 1, 0x7f, 0x80, 0xff, draws.below(256)]));
    case 3:
      return bytes.subarray(0, at);
    case 4: {
      const other = draws.pick(samples);
      return joined(bytes.subarray(0, at), other.subarray(draws.below(other.length + 1)));
    }
    case 5:
      return replaced(bytes, at, to);
    case 6:
      return replaced(bytes, to, to, repeated(bytes.subarray(at, to), draws.chance(0.1) ? REPEATS_MAX : 1));
    case 7:
      return replaced(bytes, at, to, draws.pick(ODD_UTF8));
    case 8:
      return replaced(bytes, at, draws.chance(0.5) ? at : to, draws.pick(SYNTAX));
    case 9:
      return withWord(bytes, at, draws.pick(WORDS));
    case 10:
      return draws.chance(0.05)
        ? replaced(bytes, at, to, repeated(draws.pick(OPENERS), draws.below(NESTED_MAX)))
        : withNumber(draws, bytes, at);
    default:
      return withNumber(draws, bytes, at);
  }
}

/** Puts an extreme number in the place of the first one behind `at`; without one there, at `at`. */
function withNumber(draws: Draws, bytes: Uint8Array, at: number): Uint8Array {
  const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
  const found = bytes.subarray(at).findIndex(isDigit);
  const from = found < 0 ? at : at + found;
  let to = from;
  while (to < bytes.length && isDigit(bytes[to]!)) to++;
  return replaced(bytes, from, to, draws.pick(NUMBERS));
}

/** Writes a word over what stands at `at`, as far as there is something. */
function withWord(bytes: Uint8Array, at: number, word: Uint8Array): Uint8Array {
  // Not by `slice`, which of a Buffer is the same bytes again.
  const copy = new Uint8Array(bytes);
  copy.set(word.subarray(0, copy.length - at), at);
  return copy;
}

function withByte(bytes: Uint8Array, at: number, byte: number): Uint8Array {
  return withWord(bytes, at, Uint8Array.of(byte));
}

function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array = NOTHING): Uint8Array {
  return joined(bytes.subarray(0, from), by, bytes.subarray(to));
}

function repeated(piece: Uint8Array, times: number): Uint8Array {
  const most = Math.floor(MUTANT_BYTES_MAX / Math.max(1, piece.length));
  return joined(...Array.from({ length: Math.min(times, most) }, () => piece));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
