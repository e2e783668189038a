import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { type Action, permits } from '#core/identity/permits.ts';
import { type Grant, type Principal, RIGHTS } from '#core/identity/principal.ts';
import { formatInstant } from '#core/time/instant.ts';
import { getRoute, jsonDoc } from '../http/schemas.ts';
import type { Senders } from './access.ts';

/** What isn't of a view, and not for every token. */
const ALLOWED = ['inspect', 'recompute', 'decide'] as const satisfies readonly Action['kind'][];

const Whoami = z
  .object({
    name: z.string().nullable().openapi({ description: 'Of the token; null where nobody is asked who they are' }),
    session: z.boolean().openapi({ description: 'Whether it is known by a session of the page /login' }),
    may: z.enum(RIGHTS),
    views: z.array(z.string()).nullable().openapi({ description: 'The only views that it sees; null: all' }),
    where: z
      .record(z.string(), z.array(z.string()))
      .openapi({ description: 'The only rows that it sees: by tag, the values. Empty: all' }),
    until: z.string().nullable().openapi({ description: 'When the token ends; null: when it is revoked' }),
    allows: z.array(z.enum(ALLOWED)).openapi({
      description:
        'What comes of all that: `inspect` agents, ledgers, quarantine, status and measurements; `recompute`; `decide`: rollback, orders about agents, rebuilding a store, backups',
    }),
  })
  .openapi('Whoami');

const route = getRoute('/api/v1/whoami', 'Who the request is of, and what that allows', {
  200: jsonDoc('The token that it shows, or that its session stands for', Whoami),
});

const EVERYTHING: Grant = { may: 'operate', views: null, where: {}, untilMs: null };

/** Tells who asks what they may, so that a page offers nothing that would be refused. */
export function addWhoami(app: OpenAPIHono, senders: Senders): void {
  app.openapi(route, (c) => {
    const { principal, session } = senders.of(c);
    return c.json({ ...told(principal), session: session !== undefined }, 200);
  });
}

function told(principal: Principal): Omit<z.infer<typeof Whoami>, 'session'> {
  const { name, grant } = principal.kind === 'token' ? principal : { name: null, grant: EVERYTHING };
  return {
    name,
    may: grant.may,
    views: grant.views === null ? null : [...grant.views],
    where: Object.fromEntries(Object.entries(grant.where).map(([tag, values]) => [tag, [...values]])),
    until: grant.untilMs === null ? null : formatInstant(grant.untilMs),
    allows: ALLOWED.filter((kind) => permits(principal, { kind })),
  };
}
