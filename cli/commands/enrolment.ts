/** Who may be an agent: commands on the folder of a server, whether it runs or not. */
import { type Command, Option } from 'commander';
import { type DataFlags, dataOptions } from '../data-dir.ts';
import type { TokenFlags } from '../identity/token-told.ts';
import { addCommand, TOKEN_OUT } from './flags.ts';

interface EnrolFlags extends DataFlags, TokenFlags {
  readonly replace?: true;
  readonly certificate?: true;
}

const MORE = `
A server whose configuration says \`identity: required\` lets in those that are enrolled, and hears of a change within
two seconds. These commands work in its data folder; run them where that is, as a user who may write there.`;

export function addEnrolment(agents: Command): void {
  const enrol = addCommand(agents, 'enroll', {
    summary: 'let an agent in, and print its token, once',
    description:
      'Lets an agent in and prints its token, which is kept nowhere: write it into a file at the agent, and name that ' +
      'file at `agent.token`. With --certificate the agent is known by a certificate instead, whose common name is its id.',
    usage: 'AGENT [OPTIONS]',
    more: MORE,
    examples: [
      'weir agents enroll roof-1 --config weir.yaml --out roof-1.token',
      'weir agents enroll roof-1 --replace',
    ],
  })
    .argument('<agent>', 'the id of the agent')
    .option('--replace', 'give an enrolled agent another token; the one that it has ends')
    .addOption(new Option('--certificate', 'no token: it shows a certificate').conflicts('out'))
    .option(...TOKEN_OUT);
  for (const option of dataOptions()) enrol.addOption(option);
  enrol.action(async (agent: string, flags: EnrolFlags) => {
    const { enrollAgent } = await import('../identity/enrol.ts');
    await enrollAgent(agent, flags);
  });
  const revoke = addCommand(agents, 'revoke', {
    summary: 'let an agent in no longer, and end its connection',
    description:
      'Lets an agent in no longer; a connection that it has is ended within two seconds. What it sent stays.',
    usage: 'AGENT [OPTIONS]',
    more: MORE,
    examples: ['weir agents revoke roof-1 --config weir.yaml'],
  }).argument('<agent>', 'the id of the agent');
  for (const option of dataOptions()) revoke.addOption(option);
  revoke.action(async (agent: string, flags: DataFlags) => {
    const { revoke: end } = await import('../identity/enrol.ts');
    await end('agent', agent, flags);
  });
}
