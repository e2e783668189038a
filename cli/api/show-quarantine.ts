import type { ListFormat } from '../commands/command.ts';
import { formatTable } from '../terminal/table.ts';
import { writeOut } from '../terminal/write-out.ts';
import { askJson } from './ask.ts';

interface RefusedAnswer {
  readonly agent: string;
  readonly at: string;
  readonly kind: 'frame' | 'rows';
  readonly code: string;
  readonly detail: string;
  readonly incarnation: number | null;
  readonly sequence: number | null;
  readonly source: string;
  readonly items: readonly {
    readonly line: number;
    readonly readings: number;
    readonly reason: string;
    readonly text: string;
  }[];
}

interface QuarantineAnswer {
  readonly total: number;
  readonly refused: readonly RefusedAnswer[];
}

/** A line of the table: a refused frame, or one row of a source. */
interface Line {
  readonly at: string;
  readonly agent: string;
  readonly where: string;
  readonly reason: string;
  readonly text: string;
}

/** As much of a refused row as a line of the table shows. */
const TEXT_CHARS_SHOWN = 60;

/** Lists what a running weir has refused, the newest last. */
export async function showQuarantine(
  url: URL,
  { agent, limit }: { readonly agent: string | undefined; readonly limit: number },
  format: ListFormat,
): Promise<void> {
  const answer = await askJson<QuarantineAnswer>(url, {
    path: '/api/v1/quarantine',
    query: [
      ['agent', agent],
      ['limit', String(limit)],
    ],
  });
  if (format === 'json') return writeOut(`${JSON.stringify(answer)}\n`);
  await writeOut(
    formatTable(
      answer.refused.flatMap(linesOf).slice(-limit),
      [
        { heading: 'received', cell: ({ at }) => at },
        { heading: 'agent', cell: (line) => line.agent },
        { heading: 'where', cell: ({ where }) => where },
        { heading: 'reason', cell: ({ reason }) => reason },
        {
          heading: 'text',
          cell: ({ text }) => (text.length > TEXT_CHARS_SHOWN ? `${text.slice(0, TEXT_CHARS_SHOWN)}…` : text),
        },
      ],
      'nothing is in quarantine',
    ),
  );
}

function linesOf({
  at,
  agent,
  kind,
  code,
  detail,
  incarnation,
  sequence,
  source,
  items,
}: RefusedAnswer): readonly Line[] {
  if (kind === 'frame')
    return [
      { at, agent, where: `frame ${incarnation ?? '?'}:${sequence ?? '?'}`, reason: `${code}: ${detail}`, text: '' },
    ];
  return items.map(({ line, reason, text }) => ({
    at,
    agent,
    where: `${source} line ${line}`,
    reason,
    text: JSON.stringify(text).slice(1, -1),
  }));
}
