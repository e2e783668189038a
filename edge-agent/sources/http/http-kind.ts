import { z } from 'zod';
import { checkDoor, describeDoor, DOOR_FIELDS } from '../doors/door-section.ts';
import { formatAddress } from '../doors/listen-address.ts';
import { latenessField } from '../section-fields.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { openHttpSource } from './http-source.ts';

const schema = z
  .strictObject({
    kind: z.literal('http').meta({
      description:
        'Readings that are sent to the agent: POST /readings with a list of { time, metric, device, value, tags }.',
      examples: ['http'],
    }),
    ...DOOR_FIELDS,
    // Devices that send for themselves send beside each other: one pane's length is left for the slower ones.
    lateness: latenessField.prefault('10s').meta({
      description:
        'How far behind the newest reading older ones are still expected, before windows are taken for final.',
      examples: ['1m'],
    }),
  })
  .superRefine(checkDoor);

/** Readings that are sent to the agent by HTTP. */
export const HTTP: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: (section) =>
    `takes POST ${section.tls === undefined ? 'http' : 'https'}://${formatAddress(section.listen)}/readings${describeDoor(section)}`,
  faults: () => [],
  makes: () => undefined,
  open: (name, section, options) => openHttpSource({ ...options, name, section }),
};
