import { z } from 'zod';
import { CSV } from './csv/csv-opener.ts';
import { HTTP } from './http/http-source.ts';
import { LINE_PROTOCOL } from './line-protocol/line-protocol-source.ts';
import { MQTT } from './mqtt/mqtt-source.ts';
import { NDJSON } from './ndjson/ndjson-opener.ts';
import { P1 } from './p1/p1-opener.ts';
import { POLL } from './poll/poll-source.ts';
import { nameField } from './section-fields.ts';
import { type DeclaredSource, type SourceKind, sourceKind } from './source-kind.ts';
import { SPARKPLUG } from './sparkplug/sparkplug-source.ts';

/** The kinds of sources that an agent has of its own. */
export const SOURCE_KINDS: readonly SourceKind[] = [
  sourceKind(CSV),
  sourceKind(NDJSON),
  sourceKind(P1),
  sourceKind(HTTP),
  sourceKind(LINE_PROTOCOL),
  sourceKind(MQTT),
  sourceKind(SPARKPLUG),
  sourceKind(POLL),
];

/** The `sources:` section of the configuration, by name, for these kinds. Unknown keys are errors. */
export function sourcesSchema(kinds: readonly SourceKind[]): z.ZodType<Readonly<Record<string, DeclaredSource>>> {
  const [first, ...rest] = kinds.map(({ schema }) => schema);
  return z.record(nameField, z.discriminatedUnion('kind', [first!, ...rest]));
}
