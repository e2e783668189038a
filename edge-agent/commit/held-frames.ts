import type { Fullness } from '#backbone/flow/fullness.ts';
import { joinKeys, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import type { FrameHeader } from '#core/frames/header.ts';
import { contentOf, encodeContent, type FrameContent } from '#core/frames/pick-entries.ts';
import { type FrameSpan, joinedSpans } from '#core/ledger/frame-spans.ts';
import { HEARTBEAT_SPANS_MAX } from '#core/wire/heartbeat.ts';
import type { NumberedFrame } from '../seal/frame-writer.ts';
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

  fullness(): Fullness {
    return { of: 'refused_frames_bytes', held: this.#bytes, max: HELD_BYTES_MAX };
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

/** Spans that are kept; an agent that is cut off for long takes neighbours together. */
const SPANS_MAX = 256;

/**
 * The frames of this incarnation that the broker has not acknowledged, with the event time that they reach: should one be
 * lost, only that much is in doubt. Births are in none of the spans, since what waits for them may be anything.
 */
export class Outstanding {
  #spans: readonly FrameSpan[] = [];

  made(frames: readonly NumberedFrame[]): void {
    const spans = frames.flatMap(({ sequence, extent }) =>
      extent === null
        ? []
        : [{ from: sequence, to: sequence, earliestMs: extent.earliestMs, latestMs: extent.latestMs }],
    );
    if (spans.length > 0) this.#spans = joinedSpans([...this.#spans, ...spans], SPANS_MAX);
  }

  /** What a heartbeat tells, where everything below `firstNumber` is acknowledged. */
  told(firstNumber: number): readonly FrameSpan[] {
    if (this.#spans.length > 0) this.#spans = this.#spans.filter(({ to }) => to >= firstNumber);
    return joinedSpans(this.#spans, HEARTBEAT_SPANS_MAX);
  }
}
