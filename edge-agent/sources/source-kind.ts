import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Metric } from '#core/metrics/metric.ts';
import type { RecordLimits } from './records/record-limits.ts';
import type { EntryRegistry, Source, SourceSupport } from './source.ts';

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
  /** The agent's name, by which a source is known where it connects to; absent where it is known nowhere. */
  readonly agent?: string;
  /** Whether somebody only looks, and acknowledges nothing: a source then leaves nothing behind where it connects to. */
  readonly isPreview?: boolean;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
  /** Where a live source tells what its batches don't. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
  /** Other limits than RECORD_LIMITS, where a test wants everything to be torn. */
  readonly limits?: RecordLimits;
  /** Whether all rows of files are read one by one, where a test compares with that. */
  readonly rowByRow?: boolean;
}

/** A name in a source's section that stands for nothing. `path` leads to it from the section. */
export interface ReferenceFault {
  readonly path: readonly (string | number)[];
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;
}

/** What a rule of a section makes series of. */
export interface SeriesMade {
  readonly metric: string;
  /** The names of their tags, `device` among them. */
  readonly tags: readonly string[];
}

/** How a kind of source is written: everything that it adds to the system stands here. */
export interface SourceKindDefinition<Section extends { readonly kind: string }> {
  /** What its section of the configuration may hold: a strict object with the literal `kind`; defaults filled in. */
  readonly schema: z.ZodType<Section> & z.core.$ZodTypeDiscriminable;
  supports(section: Section): SourceSupport;
  /** What it reads, in a phrase: `household.csv`, `takes POST http://127.0.0.1:8090/readings`. */
  describe(section: Section): string;
  /** The names in the section that nobody has declared. */
  faults(section: Section, metricNames: readonly string[]): readonly ReferenceFault[];
  /** What the section makes series of; undefined where only what comes says it. */
  makes(section: Section): readonly SeriesMade[] | undefined;
  /** The source; opens nothing before batches are asked for. */
  open(name: string, section: Section, options: SourceOptions): Source;
}

/** A section of the configuration, parsed, with its kind behind it: nobody outside asks which kind it is. */
export interface DeclaredSource {
  readonly kind: string;
  readonly supports: SourceSupport;
  readonly description: string;
  readonly makes: readonly SeriesMade[] | undefined;
  faults(metricNames: readonly string[]): readonly ReferenceFault[];
  open(name: string, options: SourceOptions): Source;
}

/**
 * A kind of source, which `kind:` chooses in the configuration. To add one, write its definition in a folder of its own,
 * run `source.cases.ts` on what it opens, and put it on the list of `source-kinds.ts`.
 */
export interface SourceKind {
  /** Parses a section of this kind. */
  readonly schema: z.ZodType<DeclaredSource> & z.core.$ZodTypeDiscriminable;
}

/** Hides what only the kind itself knows of its sections. */
export function sourceKind<Section extends { readonly kind: string }>(
  definition: SourceKindDefinition<Section>,
): SourceKind {
  return { schema: definition.schema.transform((section) => declareSource(definition, section)) };
}

/** A source that is declared by the program itself, as a section of the configuration would. */
export function declareSource<Section extends { readonly kind: string }>(
  definition: SourceKindDefinition<Section>,
  section: Section,
): DeclaredSource {
  return {
    kind: section.kind,
    supports: definition.supports(section),
    description: definition.describe(section),
    makes: definition.makes(section),
    faults: (metricNames) => definition.faults(section, metricNames),
    open: (name, options) => definition.open(name, section, options),
  };
}
