import { InvalidArgumentError, Option } from 'commander';
import type { ChainHead } from '#core/identity/chain.ts';
import { type DataFlags, dataOptions } from '../data-dir.ts';
import type { AuditRow } from '../identity/audit.ts';
import { formatTable, type ListFormat, writeList, writeOut } from '../terminal/output.ts';
import { addCommand, type Declare } from './flags.ts';

interface AuditFlags extends DataFlags {
  readonly check?: true;
  readonly head?: ChainHead;
  readonly since?: string;
  readonly kind?: string;
  readonly limit: number;
  readonly format: ListFormat;
}

const MORE = `
  started, identities     the server began; it goes by so many changes of the identities
  agent-enrolled, agent-revoked, token-added, token-revoked
                          what was changed, by which user of the server's machine
  refused                 who was not let in, or may not do what they asked; the same ones of a second in one line, with \`times\`
  logged-in, asked        a session of the dashboard began; something was asked for that changes something
  ended                   a connection was ended, for its identity was
  cut, lost               lines are gone from the end; lines could not be written

Each line holds a hash of the one before it. --check says whether all are as they were written; what was cut from the
end and replaced shows beside a head that was noted elsewhere: the server logs it at each start and change.`;

export const declareAudit: Declare = (program, exit) => {
  const command = addCommand(program, 'audit', {
    summary: 'see what was done to identities, and who was refused',
    description:
      'Lists what a server that asks who comes has noted, the newest last, and checks that nobody has changed it. Works in the ' +
      'data folder of the server, whether it runs or not.',
    usage: '[OPTIONS]',
    more: MORE,
    examples: ['weir audit --kind refused --since 2026-05-01', 'weir audit --check'],
  })
    .option('--check', 'check the chains, and print their heads; ends with 1 where one is broken')
    .addOption(
      new Option('--head <count:hash>', 'with --check: a head of the audit log that was noted before').argParser(
        parseHead,
      ),
    )
    .option('--since <time>', 'only from a time on, ISO 8601')
    .option('--kind <kind>', 'only of one kind')
    .addOption(new Option('--limit <number>', 'how many at most, the newest').default(100).argParser(parseLimit))
    .addOption(
      new Option('--format <format>', 'table is for people, json for scripts')
        .choices(['table', 'json'])
        .default('table'),
    );
  for (const option of dataOptions()) command.addOption(option);
  command.action(async (flags: AuditFlags) => {
    const { auditRows, checkChains } = await import('../identity/audit.ts');
    if (flags.check === true) {
      const verdict = await checkChains(flags, flags.head);
      await writeOut(`${JSON.stringify(verdict)}\n`);
      if (verdict.faults.length > 0) exit(1);
      return;
    }
    await writeList(flags.format, { lines: await auditRows(flags, flags) }, auditTable);
  });
};

/** A head as --check prints it. Throws commander's InvalidArgumentError. */
export function parseHead(text: string): ChainHead {
  const [, count, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (hash === undefined) throw new InvalidArgumentError('Write it as "weir audit --check" prints it, like 17:9f86….');
  return { count: Number(count), hash };
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000) return limit;
  throw new InvalidArgumentError('Write a whole number from 1 to 1000000.');
}

/** The lines for people. */
export function auditTable({ lines }: { readonly lines: readonly AuditRow[] }): string {
  return formatTable(
    lines,
    [
      { heading: 'at', cell: ({ at }) => at },
      { heading: 'kind', cell: ({ kind }) => kind },
      { heading: 'who', cell: ({ facts }) => textOf(facts['who'] ?? facts['by'] ?? '') },
      { heading: 'what', cell: ({ facts }) => whatOf(facts) },
    ],
    'nothing was noted; a server notes who comes where its configuration says "identity: required"',
  );
}

/** All that a line says beside. */
function whatOf(facts: AuditRow['facts']): string {
  return Object.entries(facts)
    .filter(([name, value]) => name !== 'who' && name !== 'by' && value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join(' ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
