import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Metric } from '#core/metrics/metric.ts';
import { CsvKind } from './csv/csv-kind.ts';
import { HttpSource } from './http/http-source.ts';
import { NdjsonKind } from './ndjson/ndjson-kind.ts';
import type { RecordFileKind } from './records/record-format.ts';
import { RECORD_LIMITS, type RecordLimits } from './records/record-limits.ts';
import { RecordSource } from './records/record-source.ts';
import type { CsvConfig, HttpConfig, NdjsonConfig } from './source-config.ts';
import type { EntryRegistry } from './source.ts';

/** What a source needs from around it. */
export interface SourceOptions {
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly registry: EntryRegistry;
  /** Where relative paths start: the folder of the configuration file. */
  readonly folder: string;
  /** Asked for only by a source whose `file` is `-`. */
  readonly stdin: () => Readable;
  /** The agent's clock, for telling times that can't be yet. */
  readonly nowMs: () => number;
  /** Other limits than RECORD_LIMITS, where a test wants everything to be torn. */
  readonly limits?: RecordLimits;
}

/** A CSV file, or standard input where `file` is `-`, as a source. Nothing is opened before batches are asked for. */
export function openCsvSource(name: string, config: CsvConfig, around: SourceOptions): RecordSource {
  return openRecordSource(name, config, new CsvKind(config), around);
}

/** The same for NDJSON. */
export function openNdjsonSource(name: string, config: NdjsonConfig, around: SourceOptions): RecordSource {
  return openRecordSource(name, config, new NdjsonKind(config), around);
}

/** A source that listens for `POST /readings` while batches are asked for. */
export function openHttpSource(
  name: string,
  config: HttpConfig,
  around: Pick<SourceOptions, 'metrics' | 'registry'> & { readonly nowMs: () => number },
): HttpSource {
  const { metrics, registry, nowMs } = around;
  return new HttpSource({ name, config, metrics, registry, nowMs });
}

function openRecordSource(
  name: string,
  config: CsvConfig | NdjsonConfig,
  kind: RecordFileKind,
  { metrics, registry, folder, stdin, nowMs, limits = RECORD_LIMITS }: SourceOptions,
): RecordSource {
  const path = config.file === '-' ? null : resolve(folder, config.file);
  return new RecordSource({ name, config, kind, metrics, registry, path, stdin, nowMs, limits });
}
