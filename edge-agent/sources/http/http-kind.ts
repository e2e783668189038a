import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { isLoopback } from '#core/wire/own-origin.ts';
import { latenessField } from '../section-fields.ts';
import type { SourceKindDefinition } from '../source-kind.ts';
import { HttpSource } from './http-source.ts';

const LISTEN = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** `host:port`, an IPv6 address in brackets, port 0 for any free one. */
const listen = z.string().transform((value, context) => {
  const match = LISTEN.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > PORT_MAX) {
    context.addIssue({
      code: 'custom',
      message: `listen ${JSON.stringify(value)} is not host:port with a port up to ${PORT_MAX}; write it like 127.0.0.1:8090`,
    });
    return z.NEVER;
  }
  const host = (match[1] ?? match[2])!;
  if (isLoopback(host)) return { host, port };
  context.addIssue({
    code: 'custom',
    message: `listen ${value} is open to other machines, and this version can't ask them who they are; listen at 127.0.0.1:${port} and let others in through a tunnel or a proxy that asks`,
  });
  return z.NEVER;
});

const schema = z.strictObject({
  kind: z.literal('http'),
  listen,
  // Devices that send for themselves send beside each other: one pane's length is left for the slower ones.
  lateness: latenessField.prefault('10s'),
});

/** Readings that are sent to the agent by HTTP. */
export const HTTP: SourceKindDefinition<z.output<typeof schema>> = {
  schema,
  supports: () => ({ nature: 'live', resumes: false }),
  describe: ({ listen: { host, port } }) => `takes POST http://${isIPv6(host) ? `[${host}]` : host}:${port}/readings`,
  faults: () => [],
  open: (name, section, options) => new HttpSource({ ...options, name, section }),
};
