import { type FrameMeta, sealFrame } from '#core/frames/header.ts';
import { HEADER_BYTES } from '#core/frames/limits.ts';

/** A frame with an honest header and a body of pseudo-random bytes, which no broker opens; `frameBytes` in all. */
export function sealedFrame(
  meta: Partial<FrameMeta> & { readonly sequence: number },
  frameBytes = HEADER_BYTES + 16,
): Uint8Array {
  const frame = new Uint8Array(frameBytes);
  let state = meta.sequence * 2_654_435_761;
  for (let at = HEADER_BYTES; at < frameBytes; at++)
    frame[at] = (state = Math.imul(state, 1_103_515_245) + 12_345) >>> 16;
  const { sequence, incarnation = 1, dictionaryVersion = 0, watermarkMs = null } = meta;
  return sealFrame(
    frame,
    { sequence, incarnation, dictionaryVersion, watermarkMs },
    { kind: 'readings', earliestMs: 1_000, latestMs: 2_000, count: 1 },
  );
}
