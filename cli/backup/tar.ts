import { strict as assert } from 'node:assert';
import { WeirError } from '#core/errors.ts';

/**
 * The interchange format of `tar` (IEEE Std 1003.1, pax, "ustar"): for each file a header of one block, then its bytes, filled up to a whole
 * block; two empty blocks end it. Only plain files with names of at most 100 bytes.
 */
const BLOCK = 512;
const NAME_BYTES_MAX = 100;
/** Eleven octal digits. */
const FILE_BYTES_MAX = 8 ** 11 - 1;

/** Where the fields stand that matter here, and how long they are. */
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };

/** What was read is not what this writes. */
export class TarUnreadable extends WeirError {
  readonly kind = 'tar-unreadable';
  constructor(what: string, cause?: unknown) {
    super(`What came is no whole backup: ${what}. Take it again.`, { fault: 'world', retryable: true, cause });
  }
}

/** The header of a file that has `bytes` bytes. */
export function tarHeader(name: string, bytes: number, atMs: number): Uint8Array {
  assert(Buffer.byteLength(name) <= NAME_BYTES_MAX && bytes <= FILE_BYTES_MAX, `${name} fits into a header`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  header.write(name, 0, 'utf8');
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes, SIZE.at, SIZE.length);
  octal(Math.floor(atMs / 1000), 136, 12);
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, CHECKSUM.at, 'latin1');
  return header;
}

/** What stands behind the bytes of a file. */
export function tarPadding(bytes: number): Uint8Array {
  return new Uint8Array((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** What ends it all. */
export const TAR_END = new Uint8Array(2 * BLOCK);

/** A file as it comes; its bytes are to be read before the next one. */
export interface TarFile {
  readonly name: string;
  readonly bytes: number;
  readonly body: AsyncIterable<Uint8Array>;
}

/** The files in `chunks`. Throws TarUnreadable where it is something else, or ends before its end. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new ByteSource(chunks);
  for (;;) {
    const header = await source.block();
    if (header.every((byte) => byte === 0)) return;
    const { name, bytes } = parseHeader(header);
    yield { name, bytes, body: source.take(bytes) };
    await source.skip(tarPadding(bytes).length);
  }
}

function parseHeader(header: Buffer): { readonly name: string; readonly bytes: number } {
  const text = (at: number, length: number): string =>
    header.toString('utf8', at, at + length).replace(/[\0 ].*$/s, '');
  const number = (at: number, length: number): number => Number.parseInt(text(at, length), 8);
  const isPlain = header[156] === 0x30 && header.toString('latin1', 257, 262) === 'ustar';
  if (!isPlain || number(CHECKSUM.at, CHECKSUM.length) !== checksumOf(header))
    throw new TarUnreadable('it is no tar file');
  return { name: text(0, NAME_BYTES_MAX), bytes: number(SIZE.at, SIZE.length) };
}

/** The sum of a header's bytes, those of the sum itself taken for spaces. */
function checksumOf(header: Uint8Array): number {
  let sum = CHECKSUM.length * 0x20;
  for (const [i, byte] of header.entries()) if (i < CHECKSUM.at || i >= CHECKSUM.at + CHECKSUM.length) sum += byte;
  return sum;
}

/** Bytes from chunks of any length. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async #next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await this.#chunks.next();
    } catch (failure) {
      throw new TarUnreadable('the connection was cut; the log of the server says why', failure);
    }
  }

  async block(): Promise<Buffer> {
    return Buffer.concat(await Array.fromAsync(this.take(BLOCK)));
  }

  async skip(bytes: number): Promise<void> {
    for await (const _ of this.take(bytes));
  }

  async *take(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0;) {
      if (this.#rest.length === 0) {
        const next = await this.#next();
        if (next.done === true) throw new TarUnreadable('it ends too early');
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
