import { z } from 'zod';
import { EXCLAMATION, LF, SLASH } from '../ascii.ts';
import { RECEIVED_TIME } from '../live/message-fields.ts';
import { checkFile, describeFile, FILE_FIELDS, type FileSection, fileSupport } from '../records/file-section.ts';
import type { RecordFileOpener, RecordFileOpening } from '../records/record-format.ts';
import { RecordSource } from '../records/record-source.ts';
import type { RowHabits } from '../rows/row-reader.ts';
import { checkDistinct, checkMetrics, neededColumns, seriesMade } from '../rows/row-references.ts';
import type { RowsSection } from '../rows/rows-section.ts';
import { SourceError, subjectOf } from '../source-error.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { TelegramRecords, type TelegramRecordsOptions } from './telegram-records.ts';
import { telegramRows } from './telegram.ts';

/** A telegram has what the meter measures, and numbers with units behind them. */
export const TELEGRAM_HABITS: RowHabits = { absent: 'passed-over', hasUnits: true };

const decoder = new TextDecoder();

/** How telegrams of P1 begin, in a file or wherever they come from: with all of one, or the rest of one before. */
export class P1Opener implements RecordFileOpener {
  readonly #section: RowsSection;
  readonly #subject: string;
  readonly #receivedMs: TelegramRecordsOptions['receivedMs'];

  /** `subject` names it in errors. */
  constructor(section: RowsSection, subject: string, receivedMs: TelegramRecordsOptions['receivedMs']) {
    this.#section = section;
    this.#subject = subject;
    this.#receivedMs = receivedMs;
  }

  open(bytes: Uint8Array, from: number, to: number, atEnd: boolean): RecordFileOpening | null {
    const start = lineThatBeginsWith(SLASH, bytes, from, to);
    const last = start < 0 ? -1 : lineThatBeginsWith(EXCLAMATION, bytes, start, to);
    const end = last < 0 ? -1 : bytes.indexOf(LF, last);
    if (!atEnd && (end < 0 || end >= to)) return null;
    if (last < 0) {
      const remedy =
        'a telegram begins with a line like /ISK5 and ends in one like !1A2B; check the file and its `kind`';
      throw new SourceError('not-text', this.#subject, 'holds no telegram of a P1 port', remedy);
    }
    const values = new Set(this.#section.series.map(({ value }) => value));
    const text = decoder.decode(bytes.subarray(start, end < 0 || end > to ? to : end));
    const rows = telegramRows(text, values);
    const knownCodes = [...new Set(rows.flatMap((row) => (row.kind === 'row' ? Object.keys(row.fields) : [])))];
    const columns = neededColumns(this.#section).map(({ column }) => column);
    const format = new TelegramRecords(columns, { values, knownCodes, receivedMs: this.#receivedMs });
    return { columns, format, habits: TELEGRAM_HABITS, dataAt: 0, dataLine: 1 };
  }
}

function lineThatBeginsWith(mark: number, bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at >= 0 && at < to; at = bytes.indexOf(LF, at) + 1 || -1) if (bytes[at] === mark) return at;
  return -1;
}

const { file, missing, series, lateness, follow } = FILE_FIELDS;

const schema = z
  .strictObject({
    kind: z.literal('p1').meta({
      description:
        'Telegrams of the P1 port of a meter (DSMR, e-MUCS), or of any by IEC 62056-21: a file, or standard input.',
      examples: ['p1'],
    }),
    file: file.meta({ ...file.meta(), examples: ['meter.p1'] }),
    missing,
    series: series.meta({
      ...series.meta(),
      examples: [[{ metric: 'power', value: '1-0:1.7.0', device: '{0-0:96.1.1}' }]],
    }),
    lateness,
    follow,
  })
  // They say themselves where their times are. Noise on the line is no other encoding, and costs a telegram.
  .transform((section): FileSection & { readonly kind: 'p1' } => {
    return { ...section, encoding: 'utf-8', decimal: '.', time: RECEIVED_TIME };
  })
  .superRefine(checkFile);

/** Telegrams of P1, kept in a file or as they come through standard input. */
export const P1: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: fileSupport,
  describe: (section) => describeFile({ ...section, encoding: undefined }),
  faults: (section, metricNames) => [...checkMetrics(section, metricNames), ...checkDistinct(section)],
  makes: seriesMade,
  open: (name, section, options) => {
    const receivedMs = section.file === '-' ? options.nowMs : null;
    return new RecordSource({
      ...options,
      name,
      section,
      opener: new P1Opener(section, subjectOf(section.file), receivedMs),
    });
  },
};
