import { type Command, Option } from 'commander';
import type { MissingRange } from '#core/ledger/ledger.ts';
import type { AgentAnswer } from '#serving/http/ledger-routes.ts';
import type { OrderAnswer } from '#serving/http/order-routes.ts';
import { askJson } from '../api/ask.ts';
import { UserError } from '../failure.ts';
import { formatTable, writeList, writeOut } from '../terminal/output.ts';
import { parseWhere, type TagFilter } from './answer.ts';
import { addEnrolment } from './enrolment.ts';
import { addAskingCommand, addCommand, addListFlags, type Declare, type ListFlags, type ServerFlags } from './flags.ts';

export const declareAgents: Declare = (program) => {
  const command = addCommand(program, 'agents', {
    summary: 'list the agents; let them in, let one begin anew, hand its series over, retire it',
    description:
      'Lists the agents: whether they are connected, when they were last heard of, how many series they have and what is missing. ' +
      'Of an agent that is gone, its commands below say what becomes of it; the second time they do nothing.',
    usage: '[COMMAND] [OPTIONS]',
    examples: ['weir agents', 'weir agents readmit roof-1', 'weir agents hand-over roof-1 roof-2'],
  });
  addListFlags(command).action(async ({ format, ...server }: ListFlags) => {
    const { agents } = await askJson<{ readonly agents: readonly AgentAnswer[] }>(server, { path: '/api/v1/agents' });
    await writeList(format, { agents }, agentsTable);
  });
  addEnrolment(command);
  addAskingCommand(command, 'readmit', {
    summary: 'let an agent whose disk is lost begin anew; what it had not sent stays named in the ledger',
    description:
      'Lets an agent whose disk is lost begin anew under its name. What it had not sent stays named in the ledger. ' +
      'It has no memory of what it sent: point its sources at what is new, for what they give again is counted again.',
    usage: 'AGENT [OPTIONS]',
    examples: ['weir agents readmit roof-1'],
  })
    .argument('<agent>', 'the agent; it has to be stopped')
    .action((agent: string, _: ServerFlags, told: WithFlags) => order(told.optsWithGlobals(), agent, 'readmit'));
  addAskingCommand(command, 'hand-over', {
    summary: 'give the series of an agent to another one',
    description: 'Gives the series of an agent that is replaced to another one; windows wait for the first no longer.',
    usage: 'FROM TO [OPTIONS]',
    examples: ['weir agents hand-over roof-1 roof-2'],
  })
    .argument('<from>', 'the agent that is gone; it has to be stopped')
    .argument('<to>', 'the agent that takes its series')
    .action((from: string, to: string, _: ServerFlags, told: WithFlags) =>
      order(told.optsWithGlobals(), from, 'hand-over', { to }),
    );
  addAskingCommand(command, 'retire', {
    summary: 'wait for an agent no longer, unless it sends again',
    description:
      'Windows wait for the agent no longer, and answers name it; it is waited for again once it sends again.',
    usage: 'AGENT [OPTIONS]',
    examples: ['weir agents retire roof-1'],
  })
    .argument('<agent>', 'the agent; it has to be stopped')
    .action((agent: string, _: ServerFlags, told: WithFlags) => order(told.optsWithGlobals(), agent, 'retire'));
  addAskingCommand(command, 'give-up', {
    summary: 'wait no longer for frames of an agent that are lost',
    description:
      'Windows wait no longer for frames that are lost, and answers name the agent. A frame that comes nevertheless counts. ' +
      'What is missing is listed by "weir ledger AGENT".',
    usage: 'AGENT INCARNATION FROM-TO [OPTIONS]',
    examples: ['weir agents give-up roof-1 3 17-20', 'weir agents give-up roof-1 3 17'],
  })
    .argument('<agent>', 'the agent; it may be connected')
    .argument('<incarnation>', 'the incarnation that misses them')
    .argument('<numbers>', 'the first and the last number, or one')
    .action((agent: string, incarnation: string, numbers: string, _: ServerFlags, told: WithFlags) =>
      order(told.optsWithGlobals(), agent, 'give-up', parseMissing(incarnation, numbers)),
    );
  declareEndSeries(command);
};

function declareEndSeries(command: Command): void {
  addAskingCommand(command, 'end-series', {
    summary: 'expect nothing more of a series, unless it speaks again',
    description:
      'Nothing more is expected of a series from a time on, as where a device got other tags: then its readings are those of another ' +
      'series, and windows would wait for the former one for ever. It is expected again from its next reading on.',
    usage: 'AGENT METRIC DEVICE [OPTIONS]',
    examples: ['weir agents end-series roof-1 temperature d-7 --where room=kitchen --from 2024-05-01T10:00:00Z'],
  })
    .argument('<agent>', 'the agent; it may be connected')
    .argument('<metric>', 'the metric of the series')
    .argument('<device>', 'its device')
    .addOption(
      new Option('--where <tag=value>', 'a tag that tells it from others of its device; may be given several times')
        .default([], 'it has no others')
        .argParser(parseWhere),
    )
    .option('--from <time>', 'from when on, after its last reading; now unless given')
    .action((agent: string, metric: string, device: string, { where, from }: EndFlags, told: WithFlags) =>
      order(told.optsWithGlobals(), agent, 'end-series', {
        metric,
        device,
        tags: Object.fromEntries(where),
        ...(from === undefined ? {} : { from }),
      }),
    );
}

interface EndFlags extends ServerFlags {
  readonly where: readonly TagFilter[];
  readonly from?: string;
}

/** Frame numbers of an incarnation, as `3` and `17-20`, or `17` alone. Throws UserError. */
export function parseMissing(incarnation: string, numbers: string): MissingRange {
  const [, from, to = from] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(numbers) ?? [];
  if (from === undefined)
    throw new UserError(`Frame numbers ${numbers} are not understood; write them as 17-20, or 17.`, { exitCode: 2 });
  if (!/^\d{1,10}$/.test(incarnation))
    throw new UserError(`Incarnation ${incarnation} is not understood; write its number, as 3.`, { exitCode: 2 });
  return { incarnation: Number(incarnation), from: Number(from), to: Number(to) };
}

/** The `--url` of a command below another one may stand behind either. */
interface WithFlags {
  optsWithGlobals(): ServerFlags;
}

async function order(server: ServerFlags, agent: string, what: string, body?: object): Promise<void> {
  const path = `/api/v1/agents/${encodeURIComponent(agent)}/${what}`;
  const answer = await askJson<OrderAnswer>(server, { method: 'POST', path, ...(body === undefined ? {} : { body }) });
  await writeOut(`${JSON.stringify(answer)}\n`);
}

/** The agents for people. */
export function agentsTable({ agents }: { readonly agents: readonly AgentAnswer[] }): string {
  return formatTable(
    agents,
    [
      { heading: 'agent', cell: ({ agent }) => agent },
      { heading: 'incarnation', align: 'right', cell: ({ ledger }) => String(ledger?.head.incarnation ?? 0) },
      { heading: 'presence', cell: presenceText },
      { heading: 'last seen', cell: ({ presence }) => presence?.lastSeen ?? '' },
      { heading: 'series', align: 'right', cell: ({ ledger }) => String(ledger?.series ?? 0) },
      { heading: 'missing', align: 'right', cell: ({ ledger }) => String(missingCount(ledger)) },
      { heading: 'lost', align: 'right', cell: ({ ledger }) => String(ledger?.lostCount ?? 0) },
    ],
    'no agents yet; start one with "weir edge --config FILE"',
  );
}

function presenceText({ presence, ledger }: AgentAnswer): string {
  if (presence?.online === true) return 'online';
  if (ledger !== null && ledger.handedTo !== null) return `handed over to ${ledger.handedTo}`;
  if (ledger?.retired === true) return 'retired';
  return presence === null ? 'not seen' : 'offline';
}

function missingCount(ledger: AgentAnswer['ledger']): number {
  return (ledger?.missing ?? []).reduce((sum, { from, to }) => sum + to - from + 1, 0);
}
