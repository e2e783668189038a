import type { RefusedRow } from '#backbone/changes/changes.ts';
import { readHeader } from '#core/frames/header.ts';
import type { RecordFault } from '#core/records/record-codec.ts';
import type { LogRecord } from '#core/records/record.ts';

/** What the record says was refused: a frame with its verdict, or a report of rows. Undefined for all other records. */
export function refusedRow(
  partition: number,
  position: number,
  record: LogRecord | RecordFault,
): RefusedRow | undefined {
  if (record.kind === 'refusals') {
    const { agent, atMs, report } = record;
    const { incarnation, sequence, source, items } = report;
    return {
      partition,
      position,
      agent,
      atMs,
      kind: 'rows',
      code: 'rows',
      detail: '',
      incarnation,
      sequence,
      source,
      items,
    };
  }
  if (record.kind !== 'frame' || record.verdict.kind === 'accepted') return undefined;
  const { agent, atMs, frame, verdict } = record;
  const header = readHeader(frame);
  const isRead = header.kind !== 'fault';
  return {
    partition,
    position,
    agent,
    atMs,
    kind: 'frame',
    code: verdict.code,
    detail: verdict.detail,
    incarnation: isRead ? header.incarnation : null,
    sequence: isRead ? header.sequence : null,
    source: '',
    items: [],
  };
}
