import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../records/record-codec.ts';
import { toldBytes, type ToldFrame, type ToldRecord, ToldSlices } from './admission.fixtures.ts';
import { Admission, type FrameAccess, readyFrames } from './admission.ts';
import { LIVE_FRAMES, PartitionFold } from './partition-fold.ts';
import { SampleAgent } from './sample-agent.fixtures.ts';
import { ViewFold } from './view-fold.ts';

/** Where a frame's checksum stands in it. */
const CHECKSUM_AT = 60;
const HEAD = { agent: 'a', incarnation: 1, watermarkMs: null, variant: 0, isFaulty: false } as const;

function birth(sequence: number, firstIndex: number, isFaulty = false): ToldRecord {
  return accepted({ ...HEAD, sequence, isFaulty, holds: { kind: 'birth', firstIndex, entries: 1, previous: null } });
}

function readings(sequence: number, dictionaryVersion: number, isFaulty = false): ToldRecord {
  return accepted({ ...HEAD, sequence, isFaulty, holds: { kind: 'readings', dictionaryVersion } });
}

function accepted(frame: ToldFrame): ToldRecord {
  return { kind: 'frame', frame, isRefused: false };
}

function decoded(record: ToldRecord, slices = new ToldSlices()) {
  return decodeRecord(toldBytes(record, slices));
}

describe('admission', () => {
  it('asserts that positions ascend', () => {
    const admission = new Admission(LIVE_FRAMES);
    admission.admit(4, decoded({ kind: 'unreadable' }));
    expect(() => admission.admit(4, decoded({ kind: 'unreadable' }))).toThrow('position 4');
    expect(admission.admit(6, decoded({ kind: 'unreadable' })).kind).toBe('unreadable');
  });

  it('names the epoch that a cut ends by the cut before', () => {
    const admission = new Admission(LIVE_FRAMES);
    expect(admission.admit(3, decoded({ kind: 'cut', id: 'x' }))).toEqual({ kind: 'cut', ends: 0 });
    expect(admission.admit(5, decoded({ kind: 'cut', id: 'y' }))).toEqual({ kind: 'cut', ends: 3 });
    expect(admission.epoch).toBe(5);
  });

  it('gives the frames that fold now: the one at hand, or those that waited for a birth in the order of their births', () => {
    const admission = new Admission(LIVE_FRAMES);
    const slices = new ToldSlices();
    const admit = (record: ToldRecord) => admission.admit(admission.position + 1, decoded(record, slices));
    const told = [readings(5, 3), readings(4, 2), birth(3, 2), birth(2, 1)];
    for (const record of told) expect(readyFrames(admit(record))).toEqual([]);
    expect(readyFrames(admit(birth(1, 0))).map(({ header }) => header.sequence)).toEqual([4, 5]);
    expect(readyFrames(admit(readings(6, 3))).map(({ header }) => header.sequence)).toEqual([6]);
  });

  it('tells of the births that waited and can not be read', () => {
    const admission = new Admission(LIVE_FRAMES);
    const admit = (record: ToldRecord) => admission.admit(admission.position + 1, decoded(record));
    for (const record of [birth(3, 1, true), birth(4, 2, true), birth(2, 1)]) admit(record);
    const outcome = admit(birth(1, 0));
    expect(outcome).toMatchObject({ kind: 'learned', unfoldable: [{ code: 'birth' }, { code: 'birth' }] });
  });

  it('takes an accepted frame by its checksum where nothing else speaks for its bytes, and spares it in an archive', () => {
    const bytes = toldBytes(birth(1, 0), new ToldSlices());
    const record = decodeRecord(bytes);
    assert(record.kind === 'frame', 'the record holds the birth');
    record.frame[CHECKSUM_AT]! ^= 1;
    const archive: FrameAccess<Uint8Array> = { ...LIVE_FRAMES, trust: 'archive' };
    expect(new Admission(LIVE_FRAMES).admit(1, record)).toMatchObject({ kind: 'faulty', fault: { code: 'checksum' } });
    expect(new Admission(archive).admit(1, record).kind).toBe('learned');
  });
});

describe('the fold of a partition', () => {
  it('counts what became of each record', () => {
    const fold = new PartitionFold();
    const slices = new ToldSlices();
    const apply = (record: ToldRecord) => fold.apply(fold.position + 1, decoded(record, slices));
    const fork: ToldRecord = accepted({
      ...HEAD,
      sequence: 4,
      variant: 1,
      holds: { kind: 'readings', dictionaryVersion: 1 },
    });
    const told: ToldRecord[] = [
      readings(2, 1, true),
      birth(3, 1, true),
      birth(1, 0),
      readings(4, 1),
      readings(4, 1),
      fork,
      readings(5, 1, true),
      { kind: 'noise', agent: 'a', isRefused: false },
      { kind: 'noise', agent: 'a', isRefused: true },
      { kind: 'unreadable' },
      { kind: 'refusals', agent: 'a' },
      { kind: 'cut', id: 'x' },
    ];
    for (const record of told) apply(record);
    expect(fold.counters).toEqual({
      records: 11,
      readings: 1,
      repeatedFrames: 1,
      refusedFrames: 1,
      faultyFrames: 5,
      forks: 1,
    });
  });

  it('names each agent of which something changed once', () => {
    const fold = new PartitionFold();
    const taken = (record: ToldRecord): string[] => {
      fold.apply(fold.position + 1, decoded(record));
      return fold.takeChangedAgents().map(({ fold: { name } }) => name);
    };
    expect(taken(birth(1, 0))).toEqual(['a']);
    expect(fold.takeChangedAgents()).toEqual([]);
    expect(taken(birth(1, 0))).toEqual(['a']);
    expect(taken({ kind: 'refusals', agent: 'b' })).toEqual([]);
    const heartbeat = { incarnation: 1, highestSequence: 1, watermarkMs: 5, closed: false };
    expect(taken({ kind: 'heartbeat', agent: 'b', heartbeat })).toEqual(['b']);
    expect(taken({ kind: 'cut', id: 'x' })).toEqual([]);
  });

  it('knows no watermark while one agent has none, then the lowest', () => {
    const fold = new PartitionFold();
    const beat = (agent: string, watermarkMs: number | null): void => {
      const heartbeat = { incarnation: 1, highestSequence: 0, watermarkMs, closed: false };
      fold.apply(fold.position + 1, decoded({ kind: 'heartbeat', agent, heartbeat }));
    };
    expect(fold.watermarkMs()).toBe(null);
    beat('a', 7000);
    expect(fold.watermarkMs()).toBe(7000);
    beat('b', null);
    expect(fold.watermarkMs()).toBe(null);
    beat('b', 5000);
    expect(fold.watermarkMs()).toBe(5000);
    beat('c', 6000);
    expect(fold.watermarkMs()).toBe(5000);
    const later = new PartitionFold();
    later.apply(1, decoded(birth(1, 0)));
    later.apply(
      2,
      decoded({
        kind: 'heartbeat',
        agent: 'b',
        heartbeat: { incarnation: 1, highestSequence: 0, watermarkMs: 5, closed: false },
      }),
    );
    expect(later.watermarkMs()).toBe(null);
  });

  it('folds into a view that joins later what comes from then on', () => {
    const fold = new PartitionFold();
    const agent = new SampleAgent('a', 1);
    const view = { name: 'v', metric: 'power', by: [], where: {}, sliceMs: 1000 };
    const views = [1, 2].map((version) => new ViewFold({ view, version }));
    fold.addView(views[0]!);
    fold.apply(1, decodeRecord(agent.birth()));
    fold.apply(2, decodeRecord(agent.readings([[0, 500, 5]])!));
    fold.addView(views[1]!);
    fold.apply(3, decodeRecord(agent.readings([[0, 70_500, 6]])!));
    const counted = views.map(({ slots }) => [...slots.all()].map((slot) => slots.table.count[slot]));
    expect(counted.map((counts) => counts.filter((count) => count === 1).length)).toEqual([2, 1]);
  });

  it('goes on counting from where it was resumed', () => {
    const fold = new PartitionFold();
    const agent = new SampleAgent('a', 1);
    fold.apply(1, decodeRecord(agent.birth()));
    fold.apply(2, decodeRecord(agent.readings([[0, 5, 5]])!));
    const resumed = new PartitionFold({ admission: fold.admission.snapshot(), counters: fold.counters });
    resumed.apply(3, decodeRecord(agent.readings([[0, 6, 6]])!));
    expect(resumed.counters).toMatchObject({ records: 3, readings: 2 });
    expect(fold.counters).toMatchObject({ records: 2, readings: 1 });
  });
});
