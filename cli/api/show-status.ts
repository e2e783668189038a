import type { LogReport } from '#backbone/log/log.ts';
import type { ListFormat } from '../commands/command.ts';
import type { ServerStatus } from '../compose/server-status.ts';
import { formatTable } from '../terminal/table.ts';
import { writeOut } from '../terminal/write-out.ts';
import { logReportLines } from '../up/log-report-lines.ts';
import { askJson } from './ask.ts';

type PartitionStatus = ServerStatus['partitions'][number];

/** Says what a running weir consists of. */
export async function showStatus(url: URL, format: ListFormat): Promise<void> {
  const status = await askJson<ServerStatus>(url, { path: '/api/v1/status' });
  if (format === 'json') return writeOut(`${JSON.stringify(status)}\n`);
  const { version, startedAt, log, partitions, broker } = status;
  await writeOut(`weir ${version}, since ${startedAt}\n${logReportLines(log as LogReport).join('\n')}\n\n`);
  await writeOut(
    formatTable(
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
          cell: ({ refusedFrames, faultyFrames }: PartitionStatus) => String(refusedFrames + faultyFrames),
        },
        { heading: 'open slices', align: 'right', cell: ({ slicesOpen }) => String(slicesOpen) },
        {
          heading: 'watermark',
          cell: ({ watermarkMs }) => (watermarkMs === null ? 'none' : new Date(watermarkMs).toISOString()),
        },
      ],
      'no partitions',
    ),
  );
  const counters = Object.entries(broker).map(
    ([name, count]) => `${name} ${typeof count === 'number' ? count : JSON.stringify(count)}`,
  );
  await writeOut(`\nbroker: ${counters.join(', ')}\n`);
}
