import type { ChangeTable } from '#backbone/changes/change-table.ts';
import { PendingChanges } from '#backbone/changes/pending-changes.ts';
import type { StoringOptions } from '#backbone/disk/until-stored.ts';
import type { Log } from '#backbone/log/log.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { ViewFold, type ViewVersion } from '#core/fold/view-fold.ts';
import { readRecord } from '#core/records/record-codec.ts';
import { readHistory } from './history.ts';
import { isFull, type PartitionWorker } from './partition-worker.ts';

/**
 * Folds a version of a view from the first record of a partition, beside the live fold, until it stands where the
 * worker stands; then the worker takes it over (Kappa). Both folds are functions of the same prefix, so at the same
 * position the worker's ledgers and dictionaries are also the builder's, and only the view has to be handed over.
 */
export async function buildVersion(
  version: ViewVersion,
  worker: PartitionWorker,
  log: Log,
  changes: ChangeTable,
  storing: StoringOptions,
): Promise<void> {
  const { signal } = storing;
  const { partition } = worker;
  const { name } = version.view;
  await changes.dropVersion(name, version.version, (one) => one === partition);
  const fold = new PartitionFold();
  const view = new ViewFold(version);
  const pending = new PendingChanges(partition);
  fold.addView(view);
  const write = async (): Promise<void> => {
    gatherAll(view, pending, fold.epoch);
    const { spans, members } = pending.takeRows();
    await changes.writeBuilt(partition, spans, members, storing);
  };
  while (!signal.aborted) {
    if (fold.position === worker.fold.position) {
      worker.join(view);
      return;
    }
    for await (const entries of readHistory(log, partition, fold.position + 1, worker.fold.position, signal)) {
      for (const { position, bytes } of entries) {
        const outcome = fold.apply(position, readRecord(partition, { position, bytes }));
        if (outcome.kind === 'cut') gatherAll(view, pending, outcome.ends);
        if (isFull(pending, fold.views, worker.rowsMax)) await write();
      }
      await write();
    }
  }
}

/** Takes every changed slice and lets all go, so that a long history needs no more memory than one read of it. */
function gatherAll(view: ViewFold, pending: PendingChanges, epoch: number): void {
  pending.gather(view, epoch);
  view.slots.evictWritten();
}
