import type { ViewsAnswer } from '#serving/http/view-routes.ts';
import { askJson } from '../api/ask.ts';
import { formatTable, writeList } from '../terminal/output.ts';
import { addCommand, addListFlags, type Declare, type ListFlags } from './flags.ts';

export const declareViews: Declare = (program) => {
  const command = addCommand(program, 'views', {
    summary: 'list the views and their versions',
    description:
      'Lists what a running weir is asked: each view, its metric, tags and slice, and which version is live.',
  });
  addListFlags(command).action(async ({ url, format }: ListFlags) => {
    await writeList(format, await askJson<ViewsAnswer>(url, { path: '/api/v1/views' }), viewsTable);
  });
};

/** The views for people. */
export function viewsTable({ views }: ViewsAnswer): string {
  return formatTable(
    views,
    [
      { heading: 'view', cell: ({ name }) => name },
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
  );
}
