import { z } from 'zod';
import { AGENT_ID } from '../wire/topics.ts';
import { type Grant, type Principal, RIGHTS, STRANGER } from './principal.ts';
import { isToken, parseToken } from './token.ts';

/** What a token may be called. */
export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const agentField = z.string().regex(AGENT_ID);
const idField = z.string().regex(/^[0-9a-f]{12}$/);
const hashField = z.string().regex(/^[0-9a-f]{64}$/);
const nameField = z.string().regex(TOKEN_NAME);
/** The values of each tag. Not a `z.record`, which loses a tag named __proto__: who may see its rows alone would see all. */
const whereField = z.custom<Grant['where']>(
  (given) => typeof given === 'object' && given !== null && rowsField.safeParse(Object.values(given)).success,
  'is no list of values by tag',
);
const rowsField = z.array(z.array(z.string()));
const grantField = z.strictObject({
  may: z.enum(RIGHTS),
  views: z.array(z.string()).readonly().nullable(),
  where: whereField,
  untilMs: z.number().nullable(),
});

/** What can happen to identities. An agent without a token is known by its certificate. */
export const identityChange = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('agent-enrolled'),
    agent: agentField,
    id: idField.nullable(),
    hash: hashField.nullable(),
  }),
  z.strictObject({ kind: z.literal('agent-revoked'), agent: agentField }),
  z.strictObject({ kind: z.literal('token-added'), name: nameField, id: idField, hash: hashField, grant: grantField }),
  z.strictObject({ kind: z.literal('token-revoked'), name: nameField }),
]);
export type IdentityChange = z.output<typeof identityChange>;

/** An agent that may come in. */
export interface EnrolledAgent {
  readonly agent: string;
  /** Of its token, where it has one. */
  readonly id: string | null;
  readonly hash: string | null;
}

/** A token that was added and not revoked; it may have ended. */
export interface KnownToken {
  readonly name: string;
  readonly id: string;
  readonly hash: string;
  readonly grant: Grant;
}

/** Who is known: the fold of all changes. */
export class Identities {
  readonly #agents = new Map<string, EnrolledAgent>();
  readonly #tokens = new Map<string, KnownToken>();
  readonly #tokensById = new Map<string, KnownToken>();

  /** By name. */
  get agents(): ReadonlyMap<string, EnrolledAgent> {
    return this.#agents;
  }

  get tokens(): ReadonlyMap<string, KnownToken> {
    return this.#tokens;
  }

  /** To be called with each change, in their order. */
  apply(change: IdentityChange): void {
    switch (change.kind) {
      case 'agent-enrolled': {
        const { agent, id, hash } = change;
        this.#agents.set(agent, { agent, id, hash });
        return;
      }
      case 'agent-revoked':
        this.#agents.delete(change.agent);
        return;
      case 'token-added': {
        const { name, id, hash, grant } = change;
        this.#forget(name);
        const token = { name, id, hash, grant };
        this.#tokens.set(name, token);
        this.#tokensById.set(id, token);
        return;
      }
      case 'token-revoked':
        this.#forget(change.name);
        return;
    }
  }

  /** The agent that says its name and its token. */
  agentBy(agent: string, token: string): Principal {
    const known = this.#agents.get(agent);
    // Compared also where nobody has that name, which nobody is to find out by the time that it takes.
    return isToken(token, known?.hash) && known !== undefined ? { kind: 'agent', agent } : STRANGER;
  }

  /** The holder of a token, at an instant. */
  holderOf(text: string, nowMs: number): Principal {
    const known = this.#tokensById.get(parseToken(text)?.id ?? '');
    if (!isToken(text, known?.hash) || known === undefined) return STRANGER;
    return this.token(known.id, nowMs);
  }

  /** What a token stands for that was looked at before. */
  token(id: string, nowMs: number): Principal {
    const known = this.#tokensById.get(id);
    if (known === undefined || hasEnded(known.grant, nowMs)) return STRANGER;
    return { kind: 'token', id, name: known.name, grant: known.grant };
  }

  #forget(name: string): void {
    const token = this.#tokens.get(name);
    if (token === undefined) return;
    this.#tokens.delete(name);
    this.#tokensById.delete(token.id);
  }
}

export function hasEnded({ untilMs }: Grant, nowMs: number): boolean {
  return untilMs !== null && nowMs >= untilMs;
}
