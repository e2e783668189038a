import type { StoreStatus } from '#view-stores/store-status.ts';
import type { ServerStatus } from '../compose/server-status.ts';
import { logReportLines } from '../terminal/banner.ts';
import { formatTable } from '../terminal/output.ts';
import { addListCommand, type Declare } from './flags.ts';

export const declareStatus: Declare = (program) => {
  const text = {
    summary: 'say what runs, and how well',
    description:
      'Says what a running weir consists of: its log and what that promises, the partitions and how far they are folded, the broker.',
  };
  addListCommand(program, 'status', text, '/api/v1/status', statusText);
};

/** What runs, for people: the log, a table of its partitions, the broker's counters. */
export function statusText({ version, startedAt, log, partitions, broker, stores, holds }: ServerStatus): string {
  const counters = Object.entries(broker).map(
    ([name, count]) => `${name} ${typeof count === 'number' ? count : JSON.stringify(count)}`,
  );
  return [
    `weir ${version}, since ${startedAt}\n${logReportLines(log).join('\n')}\n`,
    partitionsTable(partitions),
    holdsTable(holds),
    `broker: ${counters.join(', ')}\n`,
    ...stores.map(storeText),
  ].join('\n');
}

/** A store for people: what it does, and why not. */
function storeText({ store, url, state, untold, behindSeconds, written, failure, retryAt }: StoreStatus): string {
  const waiting = untold === 0 ? 'nothing waits' : `${untold ?? 'all'} slices wait for ${Math.round(behindSeconds)} s`;
  const why = failure === undefined ? '' : `\n  ${failure} Next at ${retryAt}.`;
  return `store ${store} at ${url}: ${state}, ${written} slices written, ${waiting}${why}\n`;
}

function holdsTable(holds: ServerStatus['holds']): string {
  return formatTable(
    holds,
    [
      { heading: 'holds', cell: ({ store }) => store },
      { heading: 'MB', align: 'right', cell: ({ bytes }) => (bytes === null ? 'unknown' : (bytes / 1e6).toFixed(1)) },
      { heading: 'until', cell: ({ until }) => until },
    ],
    'nothing is held',
  );
}

function partitionsTable(partitions: ServerStatus['partitions']): string {
  return formatTable(
    partitions,
    [
      { heading: 'partition', align: 'right', cell: ({ partition }) => String(partition) },
      { heading: 'folded to', align: 'right', cell: ({ committed }) => String(committed) },
      { heading: 'records', align: 'right', cell: ({ records }) => String(records) },
      { heading: 'readings', align: 'right', cell: ({ readings }) => String(readings) },
      { heading: 'repeated frames', align: 'right', cell: ({ repeatedFrames }) => String(repeatedFrames) },
      {
        heading: 'refused',
        align: 'right',
        cell: ({ refusedFrames, faultyFrames }) => String(refusedFrames + faultyFrames),
      },
      { heading: 'open slices', align: 'right', cell: ({ slicesOpen }) => String(slicesOpen) },
      {
        heading: 'watermark',
        cell: ({ watermarkMs }) => (watermarkMs === null ? 'none' : new Date(watermarkMs).toISOString()),
      },
    ],
    'no partitions',
  );
}
