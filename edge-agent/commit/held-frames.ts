import { joinKeys, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import { contentOf, encodeContent, type FrameContent } from '#core/frames/pick-entries.ts';
import type { Spool } from '../spool/spool.ts';

/** What refused frames may take on the disk, beside the spool. Of further ones the numbers are kept, and nothing else. */
export const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** Keys: "held" incarnation number. The value is what was refused as a frame, or nothing once it was sent again. */
const HELD = stringKey('held');
const NOTHING = new Uint8Array(0);

type FrameNumber = Pick<FrameHeader, 'incarnation' | 'sequence'>;

/**
 * What the server has refused: kept on the disk until the next start, which sends it again under new numbers, for by then
 * what was wrong may have been mended. The number of a refused frame is remembered as long as the spool may send it
 * again, so that it is taken up once.
 */
export class HeldFrames {
  readonly #numbers = new Set<string>();
  #bytes = 0;

  /** Takes what is held out of the table; `operations` are to be written together with what is made of it. */
  static async open(
    table: Table,
    spool: Spool,
  ): Promise<{ held: HeldFrames; contents: readonly FrameContent[]; operations: readonly TableOperation[] }> {
    const held = new HeldFrames();
    const unreleased = new Set<string>();
    for (const entry of spool.unreleased()) if (entry.channel === 'frame') unreleased.add(nameOf(entry));
    const contents: FrameContent[] = [];
    const operations: TableOperation[] = [];
    for await (const [key, bytes] of table.scan(prefixRange(HELD))) {
      const number = numberOf(key);
      if (bytes.length > 0) {
        const frame = decodeFrame(bytes);
        const content = frame.kind === 'fault' ? undefined : contentOf(frame);
        if (content !== undefined) contents.push(content);
      }
      if (!unreleased.has(nameOf(number))) operations.push({ kind: 'delete', key });
      else {
        held.#numbers.add(nameOf(number));
        operations.push({ kind: 'put', key, value: NOTHING });
      }
    }
    return { held, contents, operations };
  }

  has(number: FrameNumber): boolean {
    return this.#numbers.has(nameOf(number));
  }

  /** The operations that hold what was refused of a frame; `isKept` is false where there is no room for it. */
  hold(header: FrameHeader, content: FrameContent): { operations: readonly TableOperation[]; isKept: boolean } {
    const { incarnation, sequence, dictionaryVersion } = header;
    const bytes = encodeContent({ incarnation, sequence, dictionaryVersion, watermarkMs: null }, content);
    const isKept = this.#bytes + bytes.length <= HELD_BYTES_MAX;
    if (isKept) this.#bytes += bytes.length;
    this.#numbers.add(nameOf(header));
    const key = joinKeys(HELD, uintKey(incarnation), uintKey(sequence));
    return { operations: [{ kind: 'put', key, value: isKept ? bytes : NOTHING }], isKept };
  }
}

function nameOf({ incarnation, sequence }: FrameNumber): string {
  return `${incarnation}/${sequence}`;
}

function numberOf(key: Uint8Array): FrameNumber {
  return { incarnation: readUintKey(key, key.length - 16), sequence: readUintKey(key, key.length - 8) };
}
