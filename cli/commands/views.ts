import type { ViewsAnswer } from '#serving/http/view-routes.ts';
import { formatTable } from '../terminal/output.ts';
import { addListCommand, type Declare } from './flags.ts';

export const declareViews: Declare = (program) => {
  const text = {
    summary: 'list the views and their versions',
    description:
      'Lists what a running weir is asked: each view, its metric, tags and slice, and which version is live.',
  };
  addListCommand(program, 'views', text, '/api/v1/views', viewsTable);
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
