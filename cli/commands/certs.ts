import { InvalidArgumentError } from 'commander';
import { AGENT_ID } from '#core/wire/topics.ts';
import type { CertsFlags } from '../identity/certificates.ts';
import { addCommand, type Declare } from './flags.ts';

const DAYS_MAX = 3_650;

const MORE = `
The first time it makes an authority, ca.crt and ca.key, for ten years; with --host a certificate for a server, server.crt and
server.key; with --agent one by which an agent is known, AGENT.crt and AGENT.key. Run it again to renew one: a server that runs
takes it within seconds. It is for trying things out, and for a plant of its own: whoever has ca.key can be anybody.`;

export const declareCerts: Declare = (program) => {
  addCommand(program, 'certs', {
    summary: 'make certificates for a server and its agents, by an authority of your own',
    description: 'Makes certificates for TLS in a folder.',
    usage: 'DIR [OPTIONS]',
    more: MORE,
    examples: ['weir certs certs --host weir.plant.example,192.0.2.7', 'weir certs certs --agent roof-1'],
  })
    .argument('<dir>', 'the folder; it is made where it is not there')
    .option(
      '--host <list>',
      'names and addresses by which the server is reached, with commas between',
      (text: string) => parseHosts(text),
    )
    .option('--agent <id>', 'the agent that is to be known by a certificate', parseAgent)
    .option('--days <number>', 'how long it is valid', parseDays, 365)
    .action(async (dir: string, flags: CertsFlags) => {
      const { makeCertificates } = await import('../identity/certificates.ts');
      await makeCertificates(dir, flags);
    });
};

/** Host names and addresses. Throws commander's InvalidArgumentError. */
export function parseHosts(text: string): readonly string[] {
  const hosts = text.split(',').map((host) => host.trim());
  if (hosts.every((host) => /^(?:\*\.)?[A-Za-z0-9._:-]{1,253}$/.test(host))) return hosts;
  throw new InvalidArgumentError('Write names and addresses with commas between, like weir.example,192.0.2.7.');
}

function parseAgent(text: string): string {
  if (AGENT_ID.test(text)) return text;
  throw new InvalidArgumentError('Write the id of an agent, like roof-1.');
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= DAYS_MAX) return days;
  throw new InvalidArgumentError(`Write a whole number of days from 1 to ${DAYS_MAX}.`);
}
