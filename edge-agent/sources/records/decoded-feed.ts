import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import type { ByteFeed, FileBytes, FileFeed, FilePrefix } from './byte-feed.ts';
import type { OtherEncoding } from './encoding.ts';
import type { Inode } from './record-checkpoint.ts';

/** Bytes that are decoded at a time. */
const PIECE_BYTES = 1 << 18;

/** The most bytes of UTF-8 that a byte of any of these encodings becomes: `€` is one byte, or two, and three. */
export const GROWTH_MAX = 3;

const encoder = new TextEncoder();

/**
 * Another feed's text as UTF-8. What can't be decoded is U+FFFD, one for each byte or pair of bytes; a character that the
 * feed ends in the middle of isn't there yet.
 */
export class DecodedFeed implements ByteFeed {
  readonly #feed: ByteFeed;
  readonly #decoder: InstanceType<typeof TextDecoder>;
  readonly #piece = new Uint8Array(PIECE_BYTES);

  constructor(feed: ByteFeed, encoding: OtherEncoding) {
    this.#feed = feed;
    // The mark is kept: it is skipped where files begin, as that of UTF-8 is.
    this.#decoder = new TextDecoder(encoding, { ignoreBOM: true });
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    assert(length >= GROWTH_MAX, 'there is room for a character');
    const wanted = Math.min(PIECE_BYTES, Math.floor(length / GROWTH_MAX));
    for (;;) {
      const count = await this.#feed.read(this.#piece, 0, wanted);
      if (count === 0) return 0;
      const text = this.#decoder.decode(this.#piece.subarray(0, count), { stream: true });
      const { written } = encoder.encodeInto(text, into.subarray(at, at + length));
      if (written > 0) return written;
    }
  }

  close(): Promise<void> {
    return this.#feed.close();
  }
}

/**
 * A file's text as UTF-8, read from any offset of that. Every encoding has one or two bytes for what UTF-8 has one
 * sequence for, so what stands before an offset tells where it lies in the file, to the byte.
 */
export class DecodedFile implements FileBytes {
  readonly #file: FileFeed;
  readonly #encoding: OtherEncoding;
  #decoded: DecodedFeed;
  /** Where the last prefix ended in the file. */
  #prefixEnd = 0;

  constructor(file: FileFeed, encoding: OtherEncoding) {
    this.#file = file;
    this.#encoding = encoding;
    this.#decoded = new DecodedFeed(file, encoding);
  }

  get inode(): Inode {
    return this.#file.inode;
  }

  /** Goes on at 0, or where the last prefix ended. */
  seek(offset: number): void {
    this.#file.seek(offset === 0 ? 0 : this.#prefixEnd);
    this.#decoded = new DecodedFeed(this.#file, this.#encoding);
  }

  read(into: Uint8Array, at: number, length: number): Promise<number> {
    return this.#decoded.read(into, at, length);
  }

  async readHead(length: number): Promise<Uint8Array> {
    const head = new Uint8Array(length + GROWTH_MAX);
    this.seek(0);
    let filled = 0;
    while (head.length - filled > GROWTH_MAX) {
      const count = await this.read(head, filled, head.length - filled);
      if (count === 0) break;
      filled += count;
    }
    this.seek(0);
    return head.subarray(0, Math.min(filled, length));
  }

  async prefix(length: number): Promise<FilePrefix | null> {
    const piece = new Uint8Array(PIECE_BYTES);
    const unitBytes = this.#encoding.startsWith('utf-16') ? 2 : 1;
    this.seek(0);
    let sum = 0;
    let last: number | undefined;
    let fileOffset = 0;
    for (let offset = 0; ;) {
      const count = await this.read(piece, 0, piece.length);
      const taken = Math.min(count, length - offset);
      const before = piece.subarray(0, taken);
      sum = crc32(before, sum);
      last = before.at(-1) ?? last;
      fileOffset += unitBytes * unitsIn(before, unitBytes);
      offset += taken;
      const isShort = count === 0 && offset < length;
      if (isShort) return null;
      if (taken < count || count === 0) {
        this.#prefixEnd = fileOffset;
        this.seek(0);
        return { crc32: sum, last, next: taken < count ? piece[taken] : undefined };
      }
    }
  }

  isCutOff(): Promise<boolean> {
    return this.#file.isCutOff();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** How many units of its encoding a text in UTF-8 had: its characters, where beyond the basic plane two of UTF-16. */
function unitsIn(text: Uint8Array, unitBytes: number): number {
  let units = 0;
  for (const byte of text) {
    if ((byte & 0xc0) !== 0x80) units++;
    if (unitBytes === 2 && byte >= 0xf0) units++;
  }
  return units;
}
