import type { Logger } from 'pino';
import type { Log } from '#backbone/log/log.ts';
import { keepStates, type Manifest, type ManifestStore } from '#backbone/manifests/manifest.ts';
import { WeirError } from '#core/errors.ts';
import { decodeRecord } from '#core/records/record-codec.ts';

/** Batch results are of records that the log has lost since: what they hold would be told beside what comes in their place. */
class ResultsNotInLog extends WeirError {
  readonly kind = 'results-not-in-log';

  constructor(view: string) {
    super(
      `View ${view} has batch results of records that the log does not hold: the log and its archive are older copies. Restore ` +
        'their newest copies, or the last backup. Where there are none, move the folder "speed" of the data directory away: ' +
        'all is made again from the log, and "weir ledger" names what is missing.',
      { fault: 'data' },
    );
  }
}

export interface KeptResults {
  readonly manifests: ManifestStore;
  /** With all that is archived. */
  readonly log: Pick<Log, 'read'>;
  /** The position of the last record of each partition. */
  readonly ends: readonly number[];
  /** Whether anything that was folded is kept beside the results. */
  readonly isFolded: boolean;
  readonly logger: Logger;
}

/**
 * Sees that the log holds the cuts of all batch results. Where it doesn't, and nothing that was folded is there either, so that
 * all is made again from the log, these results are let go. Throws ResultsNotInLog where something was folded.
 */
export async function checkResults({ manifests, log, ends, isFolded, logger }: KeptResults): Promise<void> {
  const known = new Map<string, boolean>();
  const isHeld = async (cut: readonly number[]): Promise<boolean> => {
    for (const [partition, position] of cut.entries()) {
      const place = `${partition}/${position}`;
      if (!known.has(place)) known.set(place, await isCut(log, partition, position, ends[partition]!));
      if (known.get(place) === false) return false;
    }
    return true;
  };
  for (const manifest of await manifests.all()) {
    const lost = new Set<string>();
    for (const { cut } of statesOf(manifest)) if (!(await isHeld(cut))) lost.add(cut.join());
    if (lost.size === 0) continue;
    if (isFolded) throw new ResultsNotInLog(manifest.view);
    logger.warn({ view: manifest.view }, 'batch results of records that the log has lost are let go');
    await manifests.change(manifest.view, (now) => keepStates(now ?? manifest, ({ cut }) => !lost.has(cut.join())));
  }
}

function statesOf({ versions }: Manifest) {
  return versions.flatMap(({ batch, history }) => [batch, ...history]);
}

async function isCut(log: Pick<Log, 'read'>, partition: number, position: number, end: number): Promise<boolean> {
  if (position === 0) return true;
  if (position > end) return false;
  const [entry] = await log.read(partition, position, { bytes: 1 });
  return entry !== undefined && decodeRecord(entry.bytes).kind === 'cut';
}
