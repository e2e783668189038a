import { checkMetrics, missingColumns, missingRemedy, seriesMade } from '../rows/row-references.ts';
import type { ReferenceFault, SourceKindDefinition } from '../source-kind.ts';
import { METRIC_COLUMNS, metricRowsSection, NAMED_COLUMNS } from './metric-rows.ts';
import { describeSparkplug, type SparkplugSection, sparkplugSchema } from './sparkplug-section.ts';
import { SparkplugSource } from './sparkplug-source.ts';

/** What edge nodes say by Sparkplug B, by way of a broker. */
export const SPARKPLUG: SourceKindDefinition<SparkplugSection> = {
  schema: sparkplugSchema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: describeSparkplug,
  faults: checkNames,
  makes: seriesMade,
  open: (name, section, options) => new SparkplugSource({ ...options, name, section }),
};

function checkNames(section: SparkplugSection, metricNames: readonly string[]): readonly ReferenceFault[] {
  const rows = metricRowsSection(section);
  const unknown = missingColumns(rows, METRIC_COLUMNS).map((missing) => ({
    path: missing.path,
    subject: 'field',
    value: `${JSON.stringify(missing.column)} is none of a Sparkplug metric`,
    remedy: missingRemedy([missing], NAMED_COLUMNS),
  }));
  const twice = section.series.flatMap(({ when }, i) => (Object.hasOwn(when, 'metric') ? [named(i)] : []));
  return [...checkMetrics(rows, metricNames), ...unknown, ...twice];
}

function named(rule: number): ReferenceFault {
  return {
    path: ['series', rule, 'when', 'metric'],
    subject: 'when',
    value: 'names a metric',
    remedy: '`value` does that already; leave it out',
  };
}
