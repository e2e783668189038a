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

/** What runs, for people: the log, a table of its partitions, what the broker has done. */
export function statusText({ version, startedAt, log, partitions, broker, stores, holds }: ServerStatus): string {
  return [
    `weir ${version}, since ${startedAt}\n${logReportLines(log).join('\n')}\n`,
    partitionsTable(partitions),
    holdsTable(holds),
    brokerText(broker),
    ...stores.map(storeText),
  ].join('\n');
}

/** What the broker has done since it started; of what goes wrong, only what has. */
function brokerText(broker: ServerStatus['broker']): string {
  const { framesAccepted, frameBytes, framesRefused, heartbeatsLogged, heartbeatsPassed, reportsLogged } = broker;
  const { inFlight, inFlightBytes } = broker;
  const taken = [
    `${counted(framesAccepted, 'frame')} of ${(frameBytes / 1e6).toFixed(1)} MB taken, ${framesRefused} refused`,
    `${counted(heartbeatsLogged + heartbeatsPassed, 'heartbeat')}, ${counted(reportsLogged, 'report')}`,
    `${counted(inFlight, 'message')} on the way${inFlight === 0 ? '' : ` (${(inFlightBytes / 1e6).toFixed(1)} MB)`}`,
  ].join('; ');
  const wrong = TROUBLES.flatMap(([name, one, many]) =>
    broker[name] > 0 ? [`${broker[name]} ${broker[name] === 1 ? one : many}`] : [],
  );
  return `broker: ${taken}\n${wrong.length === 0 ? '' : `  ${wrong.join(', ')}\n`}`;
}

/** What a broker counts of what goes wrong: one, and several. */
const TROUBLES: readonly (readonly [name: keyof ServerStatus['broker'], one: string, many: string])[] = [
  ['messagesUnreadable', 'message could not be read', 'messages could not be read'],
  ['appendsFailed', 'message was not stored, and is sent again', 'messages were not stored, and are sent again'],
  ['connectionsCut', 'connection was cut off', 'connections were cut off'],
  ['loginsRefused', 'login was refused', 'logins were refused'],
  [
    'strangersCut',
    'connection made room before it said who it is',
    'connections made room before they said who they are',
  ],
];

function counted(count: number, word: string): string {
  return `${count} ${count === 1 ? word : `${word}s`}`;
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
