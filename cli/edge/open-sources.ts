import {
  openCsvSource,
  openHttpSource,
  openNdjsonSource,
  type SourceOptions,
} from '#edge-agent/sources/open-source.ts';
import type { SourceConfig } from '#edge-agent/sources/source-config.ts';
import type { Source } from '#edge-agent/sources/source.ts';
import { openSimulatedSource } from './simulated-source.ts';

/** Whether a source comes to an end by itself: a file, or standard input, that isn't followed. */
export function comesToAnEnd(config: SourceConfig): boolean {
  return (config.kind === 'csv' || config.kind === 'ndjson') && !config.follow;
}

/** The source that a section of the configuration describes. */
export function openSource(name: string, config: SourceConfig, around: SourceOptions): Source {
  switch (config.kind) {
    case 'csv':
      return openCsvSource(name, config, around);
    case 'ndjson':
      return openNdjsonSource(name, config, around);
    case 'http':
      return openHttpSource(name, config, around);
    case 'simulate':
      return openSimulatedSource(name, config, around);
  }
}
