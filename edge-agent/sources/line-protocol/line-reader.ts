import { strict as assert } from 'node:assert';
import type { Metric } from '#core/metrics/metric.ts';
import { BATCH_READINGS_MAX, BatchColumns, quote } from '../batch-columns.ts';
import { LIVE_CHECKPOINT, type LiveBatch } from '../live/live-batch.ts';
import { RowReader } from '../rows/row-reader.ts';
import { type RowsSection, SERIES_RULES_MAX } from '../rows/rows-section.ts';
import type { EntryRegistry, Refusal } from '../source.ts';
import { LINE_TIME, type MeasurementRules, rulesByMeasurement } from './line-rules.ts';
import { LINE_BYTES_MAX, LineScanner } from './line-scanner.ts';
import { LINES_AT, MeasuredRow, ScannedLine, SCRATCH_AT } from './scanned-line.ts';
import type { Precision } from './write-request.ts';

/** Readings of one request. More belong into several: each is acknowledged as a whole. */
export const REQUEST_READINGS_MAX = 400_000;

/** The line ends that the scanner puts behind the lines. */
const ROOM_BEHIND = 2;

/** Lines that no rule is for that are shown, of one request. */
const PASSED_SHOWN_MAX = 5;

assert(SERIES_RULES_MAX <= BATCH_READINGS_MAX, 'what one line gives fits into a batch');

/** What the lines of a request gave. */
export interface ReadLines {
  readonly batches: readonly LiveBatch[];
  /** Lines that are neither empty nor comments. */
  readonly lines: number;
  /** Those of them of which something was refused, and the first refusal; whether that line is one at all. */
  readonly refusedLines: number;
  readonly firstRefused: (Refusal & { readonly isPoint: boolean }) | null;
  /** Those that no rule is for, and some of them. */
  readonly passedLines: number;
  readonly passedShown: readonly string[];
}

export interface LineReaderOptions {
  readonly section: Pick<RowsSection, 'missing' | 'series'>;
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  readonly nowMs: () => number;
  /** Other than BATCH_READINGS_MAX, where a test wants many batches, or little memory. */
  readonly batchReadingsMax?: number;
}

/** A measurement's row, with who makes readings of it. */
class ReadRow extends MeasuredRow {
  readonly reader: RowReader;

  constructor(rules: MeasurementRules, reader: RowReader) {
    super(rules);
    this.reader = reader;
  }
}

/**
 * Makes readings of lines. Each line is a row of its measurement, whose columns are the tags and fields that rules name; the
 * row reader that files have makes readings of it. A field that a line doesn't have is no missing reading: a point has the
 * fields that were measured.
 */
export class LineReader {
  readonly #batch: BatchColumns;
  /** Readings that a batch may hold so that there is room for those of one more line. */
  readonly #fullAt: number;
  readonly #line: ScannedLine<ReadRow>;
  readonly #scanner: LineScanner;
  readonly #values: readonly string[];
  #bytes = new Uint8Array(LINES_AT + LINE_BYTES_MAX);

  constructor({ section, batchReadingsMax = BATCH_READINGS_MAX, ...options }: LineReaderOptions) {
    const batch = new BatchColumns(batchReadingsMax);
    this.#batch = batch;
    this.#fullAt = batchReadingsMax - section.series.length;
    assert(this.#fullAt >= 0, 'what one line gives fits into a batch');
    const rows = rulesByMeasurement(section.series).map((rules) => {
      const { measurement, series, columns } = rules;
      const ownSection = { missing: section.missing, decimal: '.', time: LINE_TIME, series } as const;
      const reader = new RowReader({ ...options, section: ownSection, columns, batch, absent: 'passed-over' });
      return [measurement, new ReadRow(rules, reader)] as const;
    });
    this.#line = new ScannedLine(new Map(rows));
    this.#scanner = new LineScanner(this.#line);
    this.#values = section.series.map(({ value }) => value);
  }

  /** The values of rules that no line has had. */
  neverFound(): readonly string[] {
    const found = this.#line.foundValues();
    return [...new Set(this.#values)].filter((value) => !found.has(value));
  }

  /** Reads the lines of a request, in pieces. Gives undefined where they hold more than REQUEST_READINGS_MAX readings. */
  read(pieces: readonly Uint8Array[], precision: Precision, receivedMs: number): ReadLines | undefined {
    const to = this.#take(pieces);
    this.#line.begin(this.#bytes, precision, receivedMs);
    this.#scanner.begin(this.#bytes, LINES_AT, to, SCRATCH_AT);
    const batches: LiveBatch[] = [];
    const passedShown: string[] = [];
    let lines = 0;
    let refusedLines = 0;
    let passedLines = 0;
    let readings = 0;
    let firstFault = 0;
    for (let scanned = this.#scanner.next(); scanned !== 'end'; scanned = this.#scanner.next()) {
      lines++;
      if (this.#batch.count > this.#fullAt) readings += this.#close(batches);
      if (readings > REQUEST_READINGS_MAX) break;
      const { named, quarantined } = this.#batch;
      if (scanned === 'point') this.#readRow();
      else {
        this.#refuse();
        firstFault ||= this.#scanner.line;
      }
      if (this.#batch.quarantined > quarantined) refusedLines++;
      if (this.#batch.named === named && passedLines++ < PASSED_SHOWN_MAX) passedShown.push(this.#text());
    }
    readings += this.#close(batches);
    if (readings > REQUEST_READINGS_MAX) return undefined;
    const first = batches.find(({ refusals }) => refusals.length > 0)?.refusals[0];
    const firstRefused = first === undefined ? null : { ...first, isPoint: first.line !== firstFault };
    return { batches, lines, refusedLines, firstRefused, passedLines, passedShown };
  }

  /** Copies lines to where they are scanned; gives where they end. */
  #take(pieces: readonly Uint8Array[]): number {
    let to = pieces.reduce((sum, { length }) => sum + length, LINES_AT);
    if (to + ROOM_BEHIND > this.#bytes.length) this.#bytes = new Uint8Array(2 * (to + ROOM_BEHIND));
    to = LINES_AT;
    for (const piece of pieces) {
      this.#bytes.set(piece, to);
      to += piece.length;
    }
    return to;
  }

  #readRow(): void {
    const { row } = this.#line;
    const { line, lineStart, lineEnd } = this.#scanner;
    if (row === undefined || !this.#line.hasValue) this.#batch.rows++;
    else row.reader.row(this.#bytes, row.fields, line, lineStart, lineEnd);
  }

  #refuse(): void {
    const { line, fault, lineStart, lineEnd } = this.#scanner;
    this.#batch.rows++;
    this.#batch.refuse(line, 1, fault, this.#bytes, lineStart, lineEnd);
  }

  #text(): string {
    return quote(this.#bytes, this.#scanner.lineStart, this.#scanner.lineEnd);
  }

  /** Takes what was gathered as a batch of its own; gives its count of readings. */
  #close(batches: LiveBatch[]): number {
    if (this.#batch.isEmpty) return 0;
    const { count, entry, timeMs, value, refusals, tallies } = this.#batch.close({
      checkpoint: LIVE_CHECKPOINT,
      watermarkMs: null,
      ambiguousTimes: 0,
    });
    let highestMs = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) if (timeMs[i]! > highestMs) highestMs = timeMs[i]!;
    // The columns are lent, and a request's readings wait.
    const columns = { entry: entry.slice(), timeMs: timeMs.slice(), value: value.slice() };
    batches.push({ count, ...columns, refusals, tallies, highestMs });
    return count;
  }
}
