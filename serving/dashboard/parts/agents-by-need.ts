import type { AgentInfo } from '../api/answers.ts';

/** Names are told apart by their numbers: agent-2 before agent-10. */
const collator = new Intl.Collator('en', { numeric: true });

/** Agents in the order in which someone should look at them: offline first, then those that miss something, by name. */
export function agentsByNeed(agents: readonly AgentInfo[]): readonly AgentInfo[] {
  return agents.toSorted((a, b) => need(b) - need(a) || collator.compare(a.agent, b.agent));
}

function need({ presence, ledger }: AgentInfo): number {
  const isOffline = presence?.online === false;
  return (isOffline ? 4 : 0) + (ledger?.hasHoles === true ? 2 : 0) + ((ledger?.quarantined ?? 0) > 0 ? 1 : 0);
}
