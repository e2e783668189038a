import type { ListFormat } from '../commands/command.ts';
import { formatTable } from '../terminal/table.ts';
import { writeOut } from '../terminal/write-out.ts';
import { UserError } from '../user-error.ts';
import { askJson } from './ask.ts';

interface AgentAnswer {
  readonly agent: string;
  readonly presence: { readonly online: boolean; readonly since: string } | null;
  readonly ledger: {
    readonly partition: number;
    readonly watermark: string | null;
    readonly arrived: number;
    readonly quarantined: number;
    readonly missing: readonly { readonly incarnation: number; readonly from: number; readonly to: number }[];
    readonly forks: number;
    readonly parked: number;
  } | null;
}

/** Ranges of missing frames that a line of the table names; the JSON has them all. */
const RANGES_SHOWN = 3;

/** Lists the agents of a running weir, or one of them. Throws UserError where it isn't known. */
export async function showLedger(url: URL, agent: string | undefined, format: ListFormat): Promise<void> {
  const { agents } = await askJson<{ readonly agents: readonly AgentAnswer[] }>(url, { path: '/api/v1/agents' });
  const chosen = agent === undefined ? agents : agents.filter((one) => one.agent === agent);
  if (agent !== undefined && chosen.length === 0) {
    const known =
      agents.length === 0 ? 'none has connected yet' : `known are ${agents.map((one) => one.agent).join(', ')}`;
    throw new UserError(`agent ${agent} is not known here; ${known}`, { exitCode: 2 });
  }
  if (format === 'json') return writeOut(`${JSON.stringify({ agents: chosen })}\n`);
  await writeOut(
    formatTable(
      chosen,
      [
        { heading: 'agent', cell: (one) => one.agent },
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
        { heading: 'missing', cell: ({ ledger }) => missingText(ledger) },
      ],
      'no agents yet; start one with "weir edge --config FILE"',
    ),
  );
}

function missingText(ledger: AgentAnswer['ledger']): string {
  const ranges = ledger?.missing ?? [];
  if (ranges.length === 0) return 'nothing';
  const shown = ranges
    .slice(0, RANGES_SHOWN)
    .map(({ incarnation, from, to }) => `${incarnation}:${from}${to > from ? `-${to}` : ''}`);
  return ranges.length > RANGES_SHOWN
    ? `${shown.join(', ')} and ${ranges.length - RANGES_SHOWN} more`
    : shown.join(', ');
}
