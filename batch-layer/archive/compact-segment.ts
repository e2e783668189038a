import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { ArchiveDamaged } from './archive-errors.ts';
import { BLOCK_BYTES, encodeBlockTable, packBlock } from './segment-blocks.ts';
import {
  COMPACTED_FORMAT,
  encodeSegmentHeader,
  INDEX_EVERY,
  readItem,
  readSegmentHeader,
  SEGMENT_FORMAT,
} from './segment-format.ts';

/** A sealed segment to be compacted, and the file that is made of it. */
export interface CompactJob {
  readonly path: string;
  readonly target: string;
}

/** Bytes of both. */
export interface Compacted {
  readonly before: number;
  readonly after: number;
}

/**
 * Writes the compacted segment of a sealed one, which stays as it is. Undefined where it is compacted already. For a process of its
 * own: it takes seconds, and reads and writes synchronously. Nothing is synced. Throws ArchiveDamaged.
 */
export function compactSegment({ path, target }: CompactJob, blockBytes = BLOCK_BYTES): Compacted | undefined {
  const file = readWhole(path);
  const header = readSegmentHeader(file, path);
  if (header === undefined) throw new ArchiveDamaged(path, 'it ends before its header does');
  if (header.format !== SEGMENT_FORMAT) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const blocks: { readonly begin: number; readonly packed: Uint8Array }[] = [];
  const index: number[] = [];
  let [begin, at, next] = [header.bytes, header.bytes, header.first];
  const close = (): void => {
    if (at > begin) blocks.push({ begin, packed: packBlock(file.subarray(begin, at)) });
    begin = at;
  };
  for (let item = readItem(file, view, at); item.kind !== 'footer'; item = readItem(file, view, at)) {
    if (item.kind === 'torn' || item.position !== next)
      throw new ArchiveDamaged(path, `no whole record ${next} at byte ${at}`);
    if (item.end - begin > blockBytes) close();
    if ((next - header.first) % INDEX_EVERY === 0) index.push(at);
    at = item.end;
    next++;
  }
  close();
  const table = encodeBlockTable({ last: next - 1, end: at, index: Uint32Array.from(index) }, blocks);
  const head = encodeSegmentHeader(header, COMPACTED_FORMAT);
  const parts = [head, table, ...blocks.map(({ packed }) => packed)];
  writeNew(target, parts);
  return { before: file.length, after: parts.reduce((sum, { length }) => sum + length, 0) };
}

/** All of a file that doesn't grow. */
function readWhole(path: string): Uint8Array {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size);
    let filled = 0;
    while (filled < bytes.length) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, filled);
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(descriptor);
  }
}

function writeNew(path: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(path, 'wx');
  try {
    let at = 0;
    for (const part of parts) {
      for (let written = 0; written < part.length;)
        written += writeSync(descriptor, part, written, part.length - written, at + written);
      at += part.length;
    }
  } finally {
    closeSync(descriptor);
  }
}
