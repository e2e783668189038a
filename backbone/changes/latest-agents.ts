import type { AgentRow, ChangeBatch } from './changes.ts';
import { agentKey, silencesOf, withTurns } from './judged-agent.ts';

/** The last row of each agent, by which the turns of the next one are counted. */
export class LatestAgents {
  readonly #rows = new Map<string, AgentRow>();

  static async read(rows: AsyncIterable<AgentRow>): Promise<LatestAgents> {
    const latest = new LatestAgents();
    for await (const row of rows) latest.settle([row]);
    return latest;
  }

  /** The batch as it is committed: its agents with the turns that they have taken. */
  turned(batch: ChangeBatch): ChangeBatch {
    const silences = silencesOf(batch.members);
    const agents = batch.agents.map((row) => {
      const key = agentKey(row.partition, row.agent);
      return withTurns(this.#rows.get(key), row, silences.get(key));
    });
    return { ...batch, agents };
  }

  /** Rows that are on disk. */
  settle(rows: readonly AgentRow[]): void {
    for (const row of rows) this.#rows.set(agentKey(row.partition, row.agent), row);
  }
}
