import { joinKeys, prefixRange, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { AgentSnapshot } from '#core/fold/admission.ts';
import type { AgentFold } from '#core/fold/agent-fold.ts';
import type { FoldCounters, FoldSnapshot, LiveAgent, PartitionFold } from '#core/fold/partition-fold.ts';
import type { EndedEntry } from '#core/fold/silences.ts';
import type { LedgerSnapshot } from '#core/ledger/ledger.ts';
import type { SeriesEntry } from '#core/series/series.ts';

/** A version of a view that the partition's fold carries. */
export interface JoinedView {
  readonly view: string;
  readonly version: number;
}

/** What a partition's fold is resumed with, besides its agents. */
export interface SavedFold {
  readonly generation: string;
  readonly position: number;
  readonly epoch: number;
  readonly cutIds: readonly string[];
  readonly counters: FoldCounters;
  readonly joined: readonly JoinedView[];
  /** CRC-32 of the record at `position`; absent in what was written before it was kept, and before the first record. */
  readonly checksum?: number;
}

interface SavedAgent {
  readonly agent: string;
  readonly ledger: LedgerSnapshot;
  readonly parked: readonly { readonly dictionaryVersion: number; readonly frame: string }[];
}

/**
 * The fold's own state beside its rows: position, ledgers, dictionaries, parked frames. It is written in the same
 * atomic step as the rows, so a restart finds both as of one position. Keys: "fold" partition kind (agent (index)).
 */
const FOLD = stringKey('fold');

function stateKey(partition: number): Uint8Array {
  return joinKeys(FOLD, uintKey(partition), stringKey('state'));
}

function agentPrefix(partition: number): Uint8Array {
  return joinKeys(FOLD, uintKey(partition), stringKey('agent'));
}

function entryPrefix(partition: number, agent: string): Uint8Array {
  return joinKeys(FOLD, uintKey(partition), stringKey('entry'), stringKey(agent));
}

function endedKey(partition: number, agent: string): Uint8Array {
  return joinKeys(FOLD, uintKey(partition), stringKey('ended'), stringKey(agent));
}

/** Whether an earlier run has folded anything of a log of so many partitions. */
export async function hasFolded(table: Table, partitions: number): Promise<boolean> {
  for (let partition = 0; partition < partitions; partition++)
    if ((await table.get(stateKey(partition))) !== undefined) return true;
  return false;
}

/** Reads what an earlier run of the partition's fold had written; undefined where there was none. */
export async function loadFold(
  table: Table,
  partition: number,
): Promise<{ readonly saved: SavedFold; readonly snapshot: FoldSnapshot } | undefined> {
  const bytes = await table.get(stateKey(partition));
  if (bytes === undefined) return undefined;
  const saved = parse<SavedFold>(bytes);
  const agents: AgentSnapshot<Uint8Array>[] = [];
  for await (const [, value] of table.scan(prefixRange(agentPrefix(partition)))) {
    const { agent, ledger, parked } = parse<SavedAgent>(value);
    const entries: SeriesEntry[] = [];
    for await (const [, entry] of table.scan(prefixRange(entryPrefix(partition, agent))))
      entries.push(parse<SeriesEntry>(entry));
    const frames = parked.map(({ dictionaryVersion, frame }) => ({
      dictionaryVersion,
      held: Buffer.from(frame, 'base64'),
    }));
    const ended = await table.get(endedKey(partition, agent));
    const silent = ended === undefined ? {} : { ended: parse<readonly EndedEntry[]>(ended) };
    agents.push({ agent, ledger, entries, parked: frames, ...silent });
  }
  const { position, epoch, cutIds, counters } = saved;
  const cuts = cutIds.map((id, i) => ({ id, position: i === cutIds.length - 1 ? epoch : 0 }));
  return { saved, snapshot: { admission: { position, cuts, agents }, counters } };
}

/** Writes the fold's state as operations for the batch that carries its rows. Remembers which entries it has written. */
export class FoldStateWriter {
  readonly #partition: number;
  /** By agent: the life that the entries are of, and how many of them are in the table. */
  readonly #entriesWritten = new Map<string, { readonly fold: AgentFold; readonly count: number }>();
  /** By agent: the series that are ended, as in the table; absent where none ever was. */
  readonly #endedWritten = new Map<string, readonly EndedEntry[]>();

  constructor(partition: number, fold: PartitionFold) {
    this.#partition = partition;
    for (const { fold: agent } of fold.admission.living) {
      this.#entriesWritten.set(agent.name, { fold: agent, count: agent.entries.length });
      if (agent.ended.length > 0) this.#endedWritten.set(agent.name, agent.ended);
    }
  }

  operations(saved: SavedFold, changed: Iterable<LiveAgent>): TableOperation[] {
    const operations: TableOperation[] = [{ kind: 'put', key: stateKey(this.#partition), value: json(saved) }];
    for (const agent of changed) {
      const { name, entries } = agent.fold;
      const key = joinKeys(agentPrefix(this.#partition), stringKey(name));
      operations.push({ kind: 'put', key, value: json(savedAgent(agent)) });
      const prefix = entryPrefix(this.#partition, name);
      const written = this.#entriesWritten.get(name);
      const isSameLife = written?.fold === agent.fold;
      if (written !== undefined && !isSameLife) {
        for (let index = 0; index < written.count; index++) {
          operations.push({ kind: 'delete', key: joinKeys(prefix, uintKey(index)) });
        }
      }
      for (let index = isSameLife ? written.count : 0; index < entries.length; index++) {
        operations.push({ kind: 'put', key: joinKeys(prefix, uintKey(index)), value: json(entries[index]) });
      }
      this.#entriesWritten.set(name, { fold: agent.fold, count: entries.length });
      operations.push(...this.#endedOperations(agent.fold));
    }
    return operations;
  }

  #endedOperations({ name, ended }: AgentFold): readonly TableOperation[] {
    const written = this.#endedWritten.get(name) ?? [];
    if (written === ended || written.length + ended.length === 0) return [];
    this.#endedWritten.set(name, ended);
    return [{ kind: 'put', key: endedKey(this.#partition, name), value: json(ended) }];
  }
}

function savedAgent({ fold, ledger, parked }: LiveAgent): SavedAgent {
  return {
    agent: fold.name,
    ledger: ledger.snapshot(),
    parked: parked.map(({ dictionaryVersion, held }) => ({
      dictionaryVersion,
      frame: Buffer.from(held).toString('base64'),
    })),
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}
