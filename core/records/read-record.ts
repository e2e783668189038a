import { WeirError } from '../errors.ts';
import { FORMAT_VERSION, formatOf, readHeader } from '../frames/header.ts';
import { decodeRecord, type RecordFault } from './record-codec.ts';
import type { LogRecord } from './record.ts';

/** A record that a newer Weir has written, in a form that this one doesn't know: what follows it can't be folded without it. */
export class NewerRecord extends WeirError {
  readonly kind = 'newer-record';

  constructor(partition: number, position: number, what: string) {
    super(
      `Record ${position} of partition ${partition} was written by a newer weir: ${what.replace(/: update it$/, '')}. ` +
        'Run that version again, or a later one; the log is whole, and goes on from there.',
      { fault: 'data' },
    );
  }
}

/**
 * The record of an entry of a log, or what is wrong with its bytes. Throws NewerRecord where a later version has written it, or
 * has accepted the frame in it: to pass it over would be to lose it.
 */
export function readRecord(
  partition: number,
  { position, bytes }: { readonly position: number; readonly bytes: Uint8Array },
): LogRecord | RecordFault {
  const record = decodeRecord(bytes);
  if (record.kind === 'record-fault' && record.code === 'newer-record')
    throw new NewerRecord(partition, position, record.message);
  if (record.kind === 'frame' && record.verdict.kind === 'accepted' && formatOf(record.frame) > FORMAT_VERSION) {
    const header = readHeader(record.frame);
    if (header.kind === 'fault' && header.code === 'newer-format')
      throw new NewerRecord(partition, position, header.message);
  }
  return record;
}
