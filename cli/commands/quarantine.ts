import { InvalidArgumentError, Option } from 'commander';
import type { QuarantineAnswer } from '#serving/http/ledger-routes.ts';
import { askJson } from '../api/ask.ts';
import { formatTable, writeList } from '../terminal/output.ts';
import { addCommand, addListFlags, type Declare, type ListFlags } from './flags.ts';

interface QuarantineFlags extends ListFlags {
  readonly agent?: string;
  readonly limit: number;
}

const LIMIT_DEFAULT = 100;

/** As much of a refused row as a line of the table shows. */
const TEXT_CHARS_SHOWN = 60;

export const declareQuarantine: Declare = (program) => {
  const command = addCommand(program, 'quarantine', {
    summary: 'list what was refused, and why',
    description:
      'Lists the newest rows and frames that could not become readings: where they came from, and the reason.',
    examples: ['weir quarantine', 'weir quarantine --agent roof-1 --format json'],
  })
    .option('--agent <id>', 'only what came from this agent')
    .addOption(new Option('--limit <count>', 'how many, the newest').default(LIMIT_DEFAULT).argParser(parseCount));
  addListFlags(command).action(async ({ format, agent, limit, ...server }: QuarantineFlags) => {
    const answer = await askJson<QuarantineAnswer>(server, {
      path: '/api/v1/quarantine',
      query: [
        ['agent', agent],
        ['limit', String(limit)],
      ],
    });
    await writeList(format, answer, (one) => quarantineTable(one, limit));
  });
};

/** Reads a number of lines. Throws commander's InvalidArgumentError. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number from 1 on.');
}

/** What was refused, for people: the newest `limit` frames and rows. */
export function quarantineTable({ refused }: QuarantineAnswer, limit: number): string {
  return formatTable(
    refused.flatMap(linesOf).slice(-limit),
    [
      { heading: 'received', cell: ({ at }) => at },
      { heading: 'agent', cell: ({ agent }) => agent },
      { heading: 'where', cell: ({ where }) => where },
      { heading: 'reason', cell: ({ reason }) => reason },
      {
        heading: 'text',
        cell: ({ text }) => (text.length > TEXT_CHARS_SHOWN ? `${text.slice(0, TEXT_CHARS_SHOWN)}…` : text),
      },
    ],
    'nothing is in quarantine',
  );
}

type Refused = QuarantineAnswer['refused'][number];

/** A line of the table: a refused frame, or one row of a source. */
interface Line extends Pick<Refused, 'at' | 'agent'> {
  readonly where: string;
  readonly reason: string;
  readonly text: string;
}

function linesOf({ at, agent, kind, code, detail, source, items, ...frame }: Refused): readonly Line[] {
  if (kind === 'frame') {
    const where = `frame ${frame.incarnation ?? '?'}:${frame.sequence ?? '?'}`;
    return [{ at, agent, where, reason: `${code}: ${detail}`, text: '' }];
  }
  return items.map(({ line, reason, text }) => ({
    at,
    agent,
    where: `${source} line ${line}`,
    reason,
    text: JSON.stringify(text).slice(1, -1),
  }));
}
