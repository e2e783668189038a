import type { AgentInfo } from '../api/answers.ts';
import { formatCount } from '../format/figures.ts';

/** How many of the agents are there. */
export function onlineText(agents: readonly AgentInfo[], locale?: string): string {
  const online = agents.filter(({ presence }) => presence?.online === true).length;
  if (agents.length === 1) return online === 1 ? '1 agent online' : '1 agent, offline';
  return `${formatCount(online, locale)} of ${formatCount(agents.length, locale)} agents online`;
}
