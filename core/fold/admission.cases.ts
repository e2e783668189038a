import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toldBytes, type ToldFrame, toldLogs, type ToldRecord, ToldSlices } from './admission.fixtures.ts';
import { type AdmissionState, admitSlowly } from './admission.oracle.ts';
import { type AdmittedAgent, CUT_IDS_KEPT, type KnownCut, PARKED_FRAMES_MAX } from './admission.ts';

/** A reader of a log that decides by admission, and folds into `TOLD_VIEW` what it is told to. */
export interface AdmittingReader {
  readonly agents: readonly AdmittedAgent<unknown>[];
  readonly cuts: readonly KnownCut[];
  /** Position of the last record, and of the last cut. */
  readonly position: number;
  readonly epoch: number;
  /** Applies the record at the next position; tells what became of it, a faulty body included. */
  apply(bytes: Uint8Array): string;
  /** Goes on from plain data, as after a restart. */
  restart(): void;
  /** The slices that were folded, each with the position of the record that folded it. */
  folded(): ReadonlyMap<number, number>;
}

/**
 * The suite of every reader of the log: that it admits what the slow oracle does, whatever the log holds and whenever
 * it is restarted. Accepted frames have the checksums by which the broker accepted them.
 */
export function admissionCases(name: string, open: () => AdmittingReader): void {
  describe(`the admission of ${name}`, () => {
    it('decides as the slow oracle does, over restarts', () => {
      fc.assert(
        fc.property(toldLogs, fc.nat(40), (records, restartAt) => {
          const slices = new ToldSlices();
          expect(read(open(), records, slices, restartAt)).toEqual(admitSlowly(records, slices));
        }),
        { numRuns: 400 },
      );
    });

    it('folds each number once, and the first content of it only', () => {
      const records = [birth(1), frame(2, { variant: 0 }), frame(2, { variant: 0 }), frame(2, { variant: 1 })];
      const slices = new ToldSlices();
      const { outcomes, folded, agents } = read(open(), records, slices);
      expect(outcomes).toEqual(['learned', 'fold', 'repeated', 'fork']);
      expect([...folded.values()]).toEqual([2]);
      expect(agents).toMatchObject([{ arrived: 2, forks: 1, missing: [] }]);
    });

    it('folds what waited at the position of the birth that brings its entries', () => {
      const records = [frame(3, { dictionaryVersion: 3 }), frame(2), birth(4, 1), birth(1)];
      const { outcomes, folded } = read(open(), records, new ToldSlices());
      expect(outcomes).toEqual(['parked', 'parked', 'parked', 'learned']);
      expect([...folded.values()]).toEqual([4, 4]);
    });

    it(`parks ${PARKED_FRAMES_MAX} frames of an agent and quarantines the next`, () => {
      const records = Array.from({ length: PARKED_FRAMES_MAX + 1 }, (_, i) => frame(i + 2));
      const { outcomes, folded, agents } = read(open(), [...records, birth(1)], new ToldSlices());
      expect(outcomes.slice(-3)).toEqual(['parked', 'unfoldable', 'learned']);
      expect(folded.size).toBe(PARKED_FRAMES_MAX);
      expect(agents).toMatchObject([{ arrived: PARKED_FRAMES_MAX + 1, quarantined: 1, missing: [], parked: 0 }]);
    });

    it('begins an agent anew that is readmitted, once, and keeps the name of what it had not sent', () => {
      const readmit: ToldRecord = { kind: 'order', agent: HEAD.agent, order: { kind: 'readmit', life: 0 } };
      const records = [birth(1), frame(3), readmit, readmit, birth(1), frame(2), frame(3), { ...readmit }];
      const { outcomes, folded, agents } = read(open(), records, new ToldSlices());
      expect(outcomes).toEqual(['learned', 'fold', 'ordered', 'ordered', 'learned', 'fold', 'fold', 'ordered']);
      expect(folded.size).toBe(2);
      expect(agents).toMatchObject([
        { arrived: 2, missing: ['1/2'] },
        { arrived: 3, missing: [], life: 1, lost: ['0/1/2'], head: '1/3' },
      ]);
    });

    it(`knows the ids of ${CUT_IDS_KEPT} cuts`, () => {
      const cuts = Array.from({ length: CUT_IDS_KEPT + 1 }, (_, i): ToldRecord => ({ kind: 'cut', id: `${i}` }));
      const again: ToldRecord[] = [
        { kind: 'cut', id: '1' },
        { kind: 'cut', id: '0' },
      ];
      const { outcomes, epoch } = read(open(), [...cuts, ...again], new ToldSlices());
      expect(outcomes.slice(-3)).toEqual(['cut', 'repeated-cut', 'cut']);
      expect(epoch).toBe(CUT_IDS_KEPT + 3);
    });
  });
}

/** Gives the reader the log, one record after the other, and looks at what it knows at the end. */
function read(reader: AdmittingReader, records: readonly ToldRecord[], slices: ToldSlices, restartAt?: number) {
  const outcomes = records.map((record, i) => {
    if (i === restartAt) reader.restart();
    const outcome = reader.apply(toldBytes(record, slices));
    expect(reader.position).toBe(i + 1);
    return outcome;
  });
  const agents = reader.agents.map(({ fold, ledger, parked }) => ({
    name: fold.name,
    devices: fold.entries.map(({ device }) => device),
    parked: parked.length,
    forks: ledger.forks,
    ...ledger.standing,
    lost: ledger.lost.ranges
      .flatMap(({ life, incarnation, from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => `${life}/${incarnation}/${from + i}`),
      )
      .toSorted(),
    watermarkMs: ledger.progress().watermarkMs,
    missing: ledger
      .missing(100)
      .flatMap(({ incarnation, from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => `${incarnation}/${from + i}`),
      ),
    arrived: ledger.counts().arrived,
    quarantined: ledger.counts().quarantined,
    head: `${ledger.head().incarnation}/${ledger.head().highestSequence}`,
  }));
  const { cuts, epoch } = reader;
  return { outcomes, folded: reader.folded(), cuts, epoch, agents } satisfies AdmissionState;
}

function frame(sequence: number, differs: { variant?: number; dictionaryVersion?: number } = {}): ToldRecord {
  const { variant = 0, dictionaryVersion = 1 } = differs;
  return told({ ...HEAD, sequence, variant, holds: { kind: 'readings', dictionaryVersion } });
}

function birth(sequence: number, firstIndex = 0): ToldRecord {
  return told({ ...HEAD, sequence, holds: { kind: 'birth', firstIndex, entries: firstIndex + 1, previous: null } });
}

function told(frame: ToldFrame): ToldRecord {
  return { kind: 'frame', frame, isRefused: false };
}

const HEAD = { agent: 'a', incarnation: 1, watermarkMs: null, variant: 0, isFaulty: false } as const;
