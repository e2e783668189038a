import type { Log } from '#backbone/log/log.ts';
import { Admission, readyFrames } from '#core/fold/admission.ts';
import { LIVE_FRAMES, type PartitionFold } from '#core/fold/partition-fold.ts';
import { type AgentFrame, SelectionRefold } from '#core/fold/selection-refold.ts';
import type { ViewFold } from '#core/fold/view-fold.ts';
import { readRecord } from '#core/records/record-codec.ts';
import { type SliceName, SliceSet } from '#core/slices/slice-span.ts';
import { copySelective } from '#core/stats/merge.ts';
import { readHistory } from './history.ts';

/** Slices refolded in one pass over the history; the others wait for the next. */
const REFOLD_SLICES_MAX = 10_000;

/**
 * Finds min, max, first and last of the slices that amends have touched anew from the partition's whole history, so
 * that an amended answer is exact before the next batch run. While it reads, the fold goes on: at the end it reads what
 * came meanwhile, until it stands where the fold stands; a slice that was amended again in between waits for the next.
 */
export async function repairSelection(
  view: ViewFold,
  fold: PartitionFold,
  log: Log,
  partition: number,
  signal: AbortSignal,
): Promise<void> {
  const slices = [...view.slots.pending].slice(0, REFOLD_SLICES_MAX);
  if (slices.length === 0) return;
  const refold = new SelectionRefold(view.id, slices);
  const surveyed = fold.position;
  await admitUpTo(new Admission(LIVE_FRAMES), log, partition, surveyed, signal, (frame) => refold.survey(frame));
  const admission = new Admission(LIVE_FRAMES);
  await admitUpTo(admission, log, partition, surveyed, signal, (frame) => refold.fold(frame));
  const amendedAgain = new SliceSet();
  for (let upTo = surveyed; upTo < fold.position && !signal.aborted;) {
    upTo = fold.position;
    await admitUpTo(admission, log, partition, upTo, signal, (frame) => {
      for (const slice of refold.survey(frame)) amendedAgain.add(slice);
      refold.fold(frame);
    });
  }
  if (signal.aborted) return;
  refold.finish();
  for (const slice of slices) if (!amendedAgain.has(slice)) adopt(view, fold.position, refold, slice);
}

function adopt(view: ViewFold, position: number, refold: SelectionRefold, name: SliceName): void {
  const { slots } = view;
  const slot = slots.touchForRefold(slots.groupOf(name.group), name.slice, position);
  copySelective(slots.table, slot, refold.table, refold.slotOf(name)!);
  slots.markRefolded(slot);
}

/** Admits the records up to position `to` and calls back with each frame that folds, as the live fold does. */
async function admitUpTo(
  admission: Admission<Uint8Array>,
  log: Log,
  partition: number,
  to: number,
  signal: AbortSignal,
  callback: (frame: AgentFrame) => void,
): Promise<void> {
  for await (const entries of readHistory(log, partition, admission.position + 1, to, signal)) {
    for (const { position, bytes } of entries) {
      const outcome = admission.admit(position, readRecord(partition, { position, bytes }));
      if (outcome.kind !== 'fold' && outcome.kind !== 'learned') continue;
      const { fold: agent, index: life } = outcome.agent;
      for (const { header, held } of readyFrames(outcome)) callback({ agent, life, header, frame: held });
    }
  }
}
