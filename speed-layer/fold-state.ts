import { joinKeys, prefixRange, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import type { AgentFold } from '#core/fold/agent-fold.ts';
import type { FoldCounters, PartitionFold } from '#core/fold/partition-fold.ts';
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

/** Reads what an earlier run of the partition's fold had written into the fold; undefined where there was none. */
export async function loadFold(table: Table, partition: number, fold: PartitionFold): Promise<SavedFold | undefined> {
  const bytes = await table.get(stateKey(partition));
  if (bytes === undefined) return undefined;
  const saved = parse<SavedFold>(bytes);
  fold.position = saved.position;
  fold.epoch = saved.epoch;
  fold.cutIds.push(...saved.cutIds);
  Object.assign(fold.counters, saved.counters);
  for await (const [, value] of table.scan(prefixRange(agentPrefix(partition)))) {
    const { agent, ledger, parked } = parse<SavedAgent>(value);
    const entries: SeriesEntry[] = [];
    for await (const [, entry] of table.scan(prefixRange(entryPrefix(partition, agent))))
      entries.push(parse<SeriesEntry>(entry));
    const frames = parked.map((one) => ({
      dictionaryVersion: one.dictionaryVersion,
      frame: Buffer.from(one.frame, 'base64'),
    }));
    fold.restoreAgent({ agent, ledger, entries, parked: frames });
  }
  return saved;
}

/** Writes the fold's state as operations for the batch that carries its rows. Remembers which entries it has written. */
export class FoldStateWriter {
  readonly #partition: number;
  readonly #entriesWritten = new Map<string, number>();

  constructor(partition: number, fold: PartitionFold) {
    this.#partition = partition;
    for (const agent of fold.agents.values()) this.#entriesWritten.set(agent.agent, agent.entries.length);
  }

  operations(saved: SavedFold, changed: Iterable<AgentFold>): TableOperation[] {
    const operations: TableOperation[] = [{ kind: 'put', key: stateKey(this.#partition), value: json(saved) }];
    for (const agent of changed) {
      const key = joinKeys(agentPrefix(this.#partition), stringKey(agent.agent));
      operations.push({ kind: 'put', key, value: json(savedAgent(agent)) });
      const prefix = entryPrefix(this.#partition, agent.agent);
      for (let index = this.#entriesWritten.get(agent.agent) ?? 0; index < agent.entries.length; index++) {
        operations.push({ kind: 'put', key: joinKeys(prefix, uintKey(index)), value: json(agent.entries[index]) });
      }
      this.#entriesWritten.set(agent.agent, agent.entries.length);
    }
    return operations;
  }
}

function savedAgent(agent: AgentFold): SavedAgent {
  return {
    agent: agent.agent,
    ledger: agent.ledger.snapshot(),
    parked: agent.parked.map(({ dictionaryVersion, frame }) => ({
      dictionaryVersion,
      frame: Buffer.from(frame).toString('base64'),
    })),
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}
