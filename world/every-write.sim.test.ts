import { describe, expect, it } from 'vitest';
import { failingAt, NEVER, WRITERS } from './plan/every-writer.ts';
import { runPlans } from './sweep.ts';

/** A minute on two cores that have nothing else to do. */
const TIMEOUT_MS = 900_000;

/** What a write does, without what is drawn anew for each: numbers and names that machines give. */
function kindOf(write: string): string {
  return write
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')
    .replaceAll(/results%2F[0-9a-f]+/g, 'results')
    .replaceAll(/(?<![0-9a-f])\d+(?![0-9a-f])/g, '#');
}

/** The numbers of the first and the last write of each kind, from 1. */
function onesToTry(writes: readonly string[]): readonly number[] {
  const kinds = Map.groupBy(writes.keys(), (index) => kindOf(writes[index]!));
  const ends = [...kinds.values()].flatMap((indices) => [indices[0]!, indices.at(-1)!]);
  return [...new Set(ends)].map((index) => index + 1);
}

describe('a disk that fails for a moment', () => {
  it.for(WRITERS)(
    'at any write of %s costs nothing that was acknowledged, is told, and ends no process that runs',
    { timeout: TIMEOUT_MS },
    async (machine) => {
      const [whole] = await runPlans([failingAt(machine, NEVER)]);
      expect(whole!.broken).toBeNull();
      const tried = onesToTry(whole!.writes);
      const reports = await runPlans(tried.map((write) => failingAt(machine, write)));
      const wrong = reports.flatMap(({ broken, trace }, i) => {
        const struck = trace.findIndex((line) => line.includes('its disk fails'));
        const isTold = trace.slice(struck + 1).some((line) => /ENOSPC|EIO/.test(line));
        const what = broken ?? (isTold ? undefined : 'nobody says that the disk has failed');
        return what === undefined ? [] : [`write ${tried[i]!} (${whole!.writes[tried[i]! - 1]!}): ${what}`];
      });
      expect(wrong).toEqual([]);
    },
  );
});
