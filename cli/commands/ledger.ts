import type { AgentAnswer } from '#serving/http/ledger-routes.ts';
import { askJson } from '../api/ask.ts';
import { UserError } from '../failure.ts';
import { formatTable, writeList } from '../terminal/output.ts';
import { addCommand, addListFlags, type Declare, type ListFlags } from './flags.ts';

/** Ranges of missing frames that a line of the table names; the JSON has them all. */
const RANGES_SHOWN = 3;

export const declareLedger: Declare = (program) => {
  const command = addCommand(program, 'ledger', {
    summary: 'list what arrived from each agent, and what is missing',
    description:
      'Lists the agents: whether they are connected, how far their watermark is, how many frames arrived, and which are missing.',
    usage: '[AGENT] [OPTIONS]',
    examples: ['weir ledger', 'weir ledger roof-1 --format json'],
  }).argument('[agent]', 'only this one');
  addListFlags(command).action(async (agent: string | undefined, { format, ...server }: ListFlags) => {
    const { agents } = await askJson<{ readonly agents: readonly AgentAnswer[] }>(server, { path: '/api/v1/agents' });
    await writeList(format, { agents: chosenAgents(agents, agent) }, ledgerTable);
  });
};

/** All agents, or the one that is named. Throws UserError where it isn't known. */
export function chosenAgents(agents: readonly AgentAnswer[], name: string | undefined): readonly AgentAnswer[] {
  if (name === undefined) return agents;
  const chosen = agents.filter(({ agent }) => agent === name);
  if (chosen.length > 0) return chosen;
  const known = agents.length === 0 ? 'none has connected yet' : `known are ${agents.map(nameOf).join(', ')}`;
  throw new UserError(`agent ${name} is not known here; ${known}`, { exitCode: 2 });
}

/** The ledgers for people. */
export function ledgerTable({ agents }: { readonly agents: readonly AgentAnswer[] }): string {
  return formatTable(
    agents,
    [
      { heading: 'agent', cell: nameOf },
      {
        heading: 'presence',
        cell: ({ presence }) => (presence === null ? 'not seen' : presence.online ? 'online' : 'offline'),
      },
      { heading: 'since', cell: ({ presence }) => presence?.since ?? '' },
      { heading: 'watermark', cell: ({ ledger }) => ledger?.watermark ?? 'none' },
      { heading: 'arrived', align: 'right', cell: ({ ledger }) => String(ledger?.arrived ?? 0) },
      { heading: 'quarantined', align: 'right', cell: ({ ledger }) => String(ledger?.quarantined ?? 0) },
      { heading: 'parked', align: 'right', cell: ({ ledger }) => String(ledger?.parked ?? 0) },
      { heading: 'forks', align: 'right', cell: ({ ledger }) => String(ledger?.forks ?? 0) },
      { heading: 'missing', cell: ({ ledger }) => missingText(ledger?.missing ?? []) },
    ],
    'no agents yet; start one with "weir edge --config FILE"',
  );
}

function nameOf({ agent }: AgentAnswer): string {
  return agent;
}

function missingText(ranges: NonNullable<AgentAnswer['ledger']>['missing']): string {
  if (ranges.length === 0) return 'nothing';
  const shown = ranges
    .slice(0, RANGES_SHOWN)
    .map(({ incarnation, from, to }) => `${incarnation}:${from}${to > from ? `-${to}` : ''}`)
    .join(', ');
  return ranges.length > RANGES_SHOWN ? `${shown} and ${ranges.length - RANGES_SHOWN} more` : shown;
}
