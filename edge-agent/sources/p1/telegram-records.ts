import { EXCLAMATION, LF, SLASH } from '../ascii.ts';
import { RECEIVED_COLUMN } from '../live/message-fields.ts';
import { INCOMPLETE, type RecordFormat } from '../records/record-format.ts';
import type { FieldTable } from '../rows/key-table.ts';
import { ObjectFields } from '../rows/object-fields.ts';
import type { PayloadFault, PayloadRow } from '../rows/payload-row.ts';
import { TELEGRAM_BYTES_MAX, telegramRows } from './telegram.ts';

const decoder = new TextDecoder();

export interface TelegramRecordsOptions {
  /** The columns that rules take for values. */
  readonly values: ReadonlySet<string>;
  /** Codes that the first telegrams have. */
  readonly knownCodes?: readonly string[];
  /** What time it is, for telegrams without a time that are read as they come; null where they were kept. */
  readonly receivedMs: (() => number) | null;
}

/**
 * Telegrams of P1 that follow one another: each is a record, from the line that begins with a slash to the one that begins
 * with an exclamation mark, of a row or more. What stands outside, as where a meter is listened to from the middle of
 * a telegram on, is one record, and no telegram.
 */
export class TelegramRecords implements RecordFormat {
  blank = false;
  rows = 1;
  textEnd = 0;
  lineEnds = 0;
  readonly fault = '';
  readonly brokenAt = 0;
  readonly #options: TelegramRecordsOptions;
  readonly #fields: ObjectFields;
  #telegrams = 0;
  #held: readonly (PayloadRow | PayloadFault)[] = [];
  #row = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #scratchAt = 0;

  constructor(columns: readonly string[], options: TelegramRecordsOptions) {
    this.#options = options;
    this.#fields = new ObjectFields(columns, { knownPaths: options.knownCodes ?? [] });
  }

  get fields(): FieldTable {
    return this.#fields.table;
  }

  next(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    const end = this.#endOf(bytes, from, to, atEnd);
    if (end < 0) return end;
    const text = decoder.decode(bytes.subarray(from, end));
    this.textEnd = from + bytes.subarray(from, end).findLastIndex((byte) => byte > 0x20) + 1;
    this.blank = this.textEnd === from;
    if (this.blank) return end;
    this.#telegrams++;
    this.#held = telegramRows(text, this.#options.values);
    this.rows = this.#held.length;
    this.#row = 0;
    this.#bytes = bytes;
    this.#scratchAt = to;
    this.nextRow();
    return end;
  }

  nextRow(): void {
    const row = this.#held[this.#row++]!;
    this.fields.fault = row.kind === 'fault' ? row.reason : this.#fill(row);
  }

  remarks(): readonly string[] {
    return this.#telegrams === 0 ? [] : this.#fields.remarks(`any of ${this.#telegrams} telegrams`);
  }

  #fill({ fields, atMs }: PayloadRow): string | null {
    const timeMs = atMs ?? this.#options.receivedMs?.();
    if (timeMs === undefined) return 'the telegram has no time, which only DSMR 4 and newer tell; read it as it comes';
    return this.#fields.fill({ ...fields, [RECEIVED_COLUMN]: timeMs }, undefined, this.#bytes, this.#scratchAt);
  }

  /** Where the record ends that begins at `from`: behind its last line, before the next telegram, or where no meter writes so much. */
  #endOf(bytes: Uint8Array, from: number, to: number, atEnd: boolean): number {
    this.lineEnds = 0;
    for (let at = from; at < to;) {
      const lineEnd = bytes.indexOf(LF, at);
      if (lineEnd < 0 || lineEnd >= to) return atEnd ? to : INCOMPLETE;
      this.lineEnds++;
      const isLast = bytes[at] === EXCLAMATION || lineEnd - from >= TELEGRAM_BYTES_MAX;
      at = lineEnd + 1;
      if (isLast) return at;
      // At the end of what is loaded another telegram may follow, or the rest of this one.
      if (at === to) return atEnd ? to : INCOMPLETE;
      if (bytes[at] === SLASH) return at;
    }
    return INCOMPLETE;
  }
}
