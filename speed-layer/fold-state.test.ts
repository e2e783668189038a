import { describe, expect, it } from 'vitest';
import { joinKeys, stringKey, uintKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { cutRecord, SampleAgent, sampleSeries } from '#core/fold/sample-agent.fixtures.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import { FoldStateWriter, loadFold, type SavedFold } from './fold-state.ts';

const PARTITION = 3;

function apply(fold: PartitionFold, ...records: (Uint8Array | null)[]): void {
  for (const record of records) if (record !== null) fold.apply(fold.position + 1, decodeRecord(record));
}

/** What the worker saves of a fold. */
function savedOf(fold: PartitionFold): SavedFold {
  const { position, epoch, counters, admission } = fold;
  const cutIds = admission.cuts.map(({ id }) => id);
  const joined = [{ view: 'v', version: 2 }];
  return { generation: 'g', position, epoch, cutIds, counters: { ...counters }, joined };
}

describe('the state of a fold', () => {
  it('gives back a fold that goes on as the one that was written', async () => {
    const table = new MemoryTable();
    const fold = new PartitionFold();
    const writer = new FoldStateWriter(PARTITION, fold);
    const agent = new SampleAgent('a', 2);
    const early = new SampleAgent('b', 3);
    const birth = early.birth();
    const waiting = early.readings([[2, 5000, 7]]);
    const first = agent.readings([[0, 1000, 1]]);
    apply(fold, agent.birth(), first, waiting, cutRecord('x'), cutRecord('y'));
    await table.write(writer.operations(savedOf(fold), fold.takeChangedAgents()), { sync: true });
    apply(fold, agent.readings([[1, 1000, 1]]));
    await table.write(writer.operations(savedOf(fold), fold.takeChangedAgents()), { sync: true });

    expect(await loadFold(table, PARTITION + 1)).toBe(undefined);
    const { saved, snapshot } = (await loadFold(table, PARTITION))!;
    expect(saved).toEqual(savedOf(fold));
    const resumed = new PartitionFold(snapshot);
    expect([resumed.position, resumed.epoch]).toEqual([6, 5]);
    for (const one of [fold, resumed]) apply(one, first, cutRecord('x'), cutRecord('y'), birth);
    expect(savedOf(resumed)).toEqual(savedOf(fold));
    expect(resumed.counters).toMatchObject({ readings: 3, repeatedFrames: 1 });
    expect(resumed.admission.agents.map((one) => one.ledger.counts())).toEqual(
      fold.admission.agents.map((one) => one.ledger.counts()),
    );
    expect(resumed.admission.agents.map((one) => one.fold.entries.length)).toEqual([2, 3]);
  });

  it('gives back the present life of an agent, with the dictionary of that alone', async () => {
    const table = new MemoryTable();
    const fold = new PartitionFold();
    const writer = new FoldStateWriter(PARTITION, fold);
    apply(fold, new SampleAgent('a', 3).birth());
    await table.write(writer.operations(savedOf(fold), fold.takeChangedAgents()), { sync: true });
    fold.apply(fold.position + 1, { kind: 'order', agent: 'a', atMs: 0, order: { kind: 'readmit', life: 0 } });
    apply(fold, new SampleAgent('a', 1).birth());
    await table.write(writer.operations(savedOf(fold), fold.takeChangedAgents()), { sync: true });
    const { snapshot } = (await loadFold(table, PARTITION))!;
    const resumed = new PartitionFold(snapshot).admission.agents;
    expect(resumed.map((one) => one.fold.entries.length)).toEqual([1]);
    expect(resumed[0]!.ledger.standing.life).toBe(1);
  });

  it('writes an entry of a dictionary once', () => {
    const fold = new PartitionFold();
    const writer = new FoldStateWriter(PARTITION, fold);
    const agent = new SampleAgent('a', 2);
    const written = (record: Uint8Array | null): number => {
      apply(fold, record);
      return writer.operations(savedOf(fold), fold.takeChangedAgents()).length;
    };
    // The state, the agent, and two entries.
    expect(written(agent.birth())).toBe(4);
    expect(written(agent.readings([[0, 1, 1]]))).toBe(2);
    const resumed = new PartitionFold({ admission: fold.admission.snapshot(), counters: fold.counters });
    const next = new FoldStateWriter(PARTITION, resumed);
    apply(resumed, agent.readings([[0, 2, 1]]));
    expect(next.operations(savedOf(resumed), resumed.takeChangedAgents())).toHaveLength(2);
  });

  it('gives back which series are ended, of no view too, and writes them where that has changed alone', async () => {
    const table = new MemoryTable();
    const fold = new PartitionFold();
    const writer = new FoldStateWriter(PARTITION, fold);
    const agent = new SampleAgent('a', 2);
    const end = (one: PartitionFold, series: number, fromMs: number): void => {
      const { metric, device, tags } = sampleSeries(series);
      const order = { kind: 'end-series', metric, device, tags, fromMs } as const;
      one.apply(one.position + 1, { kind: 'order', agent: 'a', atMs: 0, order });
    };
    const ended = (one: PartitionFold) => one.admission.agentNamed('a')!.fold.ended;
    const write = async (one: PartitionFold, by: FoldStateWriter): Promise<number> => {
      const operations = by.operations(savedOf(one), one.takeChangedAgents());
      await table.write(operations, { sync: true });
      return operations.length;
    };
    apply(fold, agent.birth(), agent.readings([[0, 1000, 1]]));
    expect(await write(fold, writer)).toBe(4);
    end(fold, 0, 5000);
    end(fold, 1, 5000);
    expect(await write(fold, writer)).toBe(3);
    apply(fold, agent.readings([[0, 4000, 1]]));
    expect(await write(fold, writer)).toBe(2);
    const resumed = new PartitionFold((await loadFold(table, PARTITION))!.snapshot);
    expect(ended(resumed)).toEqual([
      [0, 5000],
      [1, 5000],
    ]);
    const next = new FoldStateWriter(PARTITION, resumed);
    end(resumed, 0, 6000);
    apply(resumed, agent.readings([[1, 5000, 1]]));
    expect(ended(resumed)).toEqual([[0, 5000]]);
    expect(await write(resumed, next)).toBe(3);
    apply(resumed, agent.readings([[0, 7000, 1]]));
    await write(resumed, next);
    expect(ended(new PartitionFold((await loadFold(table, PARTITION))!.snapshot))).toEqual([]);
  });

  it('reads a state as it has been written from the first version on', async () => {
    const table = new MemoryTable();
    const agent = new SampleAgent('a', 1);
    agent.birth();
    const record = decodeRecord(agent.readings([[0, 1000, 1]])!);
    const frame = record.kind === 'frame' ? Buffer.from(record.frame).toString('base64') : '';
    const ledger = {
      incarnations: [
        { incarnation: 1, arrived: [2, 2], quarantined: [], known: 2, closed: false, watermarkMs: null, waiting: [] },
      ],
      checksums: [['1/2', 1]],
      forks: 4,
    };
    const counters = { records: 9, readings: 0, repeatedFrames: 0, refusedFrames: 0, faultyFrames: 0, forks: 4 };
    const put = (value: unknown, ...key: Uint8Array[]) => ({
      kind: 'put' as const,
      key: joinKeys(stringKey('fold'), uintKey(PARTITION), ...key),
      value: Buffer.from(JSON.stringify(value)),
    });
    const state = { generation: 'g', position: 9, epoch: 7, cutIds: ['x', 'y'], counters, joined: [] };
    const kept = { agent: 'a', ledger, parked: [{ dictionaryVersion: 2, frame }] };
    await table.write(
      [
        put(state, stringKey('state')),
        put(kept, stringKey('agent'), stringKey('a')),
        put(sampleSeries(0), stringKey('entry'), stringKey('a'), uintKey(0)),
      ],
      { sync: true },
    );
    const fold = new PartitionFold((await loadFold(table, PARTITION))!.snapshot);
    expect([fold.position, fold.epoch, fold.counters.records]).toEqual([9, 7, 9]);
    const [found] = fold.admission.agents;
    expect(found!.fold.entries).toEqual([sampleSeries(0)]);
    expect([found!.ledger.forks, found!.ledger.head().highestSequence, found!.parked.length]).toEqual([4, 2, 1]);
    apply(fold, cutRecord('x'));
    expect(fold.epoch).toBe(7);
  });
});
