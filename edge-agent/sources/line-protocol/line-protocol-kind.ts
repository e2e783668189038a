import { z } from 'zod';
import { checkDoor, describeDoor, DOOR_FIELDS } from '../doors/door-section.ts';
import { formatAddress } from '../doors/listen-address.ts';
import { checkMetrics, seriesMade } from '../rows/row-references.ts';
import { ROWS_FIELDS } from '../rows/rows-section.ts';
import { latenessField } from '../section-fields.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { openLineProtocolSource } from './line-protocol-source.ts';
import { checkValues } from './line-rules.ts';

const schema = z
  .strictObject({
    kind: z.literal('line-protocol').meta({
      description: 'Points that are written to the agent as to InfluxDB, by Telegraf and others.',
      examples: ['line-protocol'],
    }),
    ...DOOR_FIELDS,
    missing: ROWS_FIELDS.missing,
    series: ROWS_FIELDS.series.meta({
      description: 'Which readings a point holds: a rule for each.',
      examples: [[{ metric: 'power', value: 'meter.kw', device: '{host}' }]],
    }),
    // Collectors hold points back to send many at once: Telegraf for 10 s, and as long again where that failed.
    lateness: latenessField.prefault('20s').meta({
      description:
        'How far behind the newest reading older ones are still expected, before windows are taken for final.',
      examples: ['1m'],
    }),
  })
  .superRefine(checkDoor);

/** Points that are written to the agent as they would be to InfluxDB. */
export const LINE_PROTOCOL: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: (section) =>
    `takes points as InfluxDB does at ${section.tls === undefined ? 'http' : 'https'}://${formatAddress(section.listen)}${describeDoor(section)}`,
  faults: ({ series }, metricNames) => [...checkMetrics({ series }, metricNames), ...checkValues(series)],
  makes: seriesMade,
  open: (name, section, options) => openLineProtocolSource({ ...options, name, section }),
};
