import type { ListFormat } from '../commands/command.ts';
import { formatTable } from '../terminal/table.ts';
import { writeOut } from '../terminal/write-out.ts';
import { askJson } from './ask.ts';

interface ViewAnswer {
  readonly name: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly by: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly slice: string;
  readonly versions: readonly { readonly version: number; readonly state: string; readonly published: string | null }[];
}

/** Lists the views of a running weir. */
export async function showViews(url: URL, format: ListFormat): Promise<void> {
  const answer = await askJson<{ readonly views: readonly ViewAnswer[] }>(url, { path: '/api/v1/views' });
  if (format === 'json') return writeOut(`${JSON.stringify(answer)}\n`);
  await writeOut(
    formatTable(
      answer.views,
      [
        { heading: 'view', cell: (view) => view.name },
        { heading: 'metric', cell: ({ metric, unit }) => (unit === null ? metric : `${metric} (${unit})`) },
        { heading: 'by', cell: ({ by }) => by.join(', ') },
        {
          heading: 'where',
          cell: ({ where }) =>
            Object.entries(where)
              .map(([tag, values]) => `${tag}=${values.join('|')}`)
              .join(', '),
        },
        { heading: 'slice', align: 'right', cell: ({ slice }) => slice },
        {
          heading: 'versions',
          cell: ({ versions }) => versions.map(({ version, state }) => `${version} ${state}`).join(', '),
        },
        {
          heading: 'batch',
          cell: ({ versions }) => versions.find(({ state }) => state === 'live')?.published ?? 'none yet',
        },
      ],
      'no views; declare some under "views" in the configuration and start the server with it',
    ),
  );
}
