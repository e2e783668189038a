import { WeirError } from '../errors.ts';
import { nearestNames } from '../time/nearest-name.ts';
import { AGENT_ID } from '../wire/topics.ts';
import { type Identities, type IdentityChange, TOKEN_NAME } from './identities.ts';
import { type Grant, isConfined } from './principal.ts';
import type { NewToken } from './token.ts';

/** Agents and tokens that may be known at a time. */
const AGENTS_MAX = 50_000;
const TOKENS_MAX = 10_000;

/** An identity can't be given or taken as asked. */
export class IdentityRefused extends WeirError {
  readonly kind = 'identity-refused';

  constructor(subject: string, what: string, remedy: string) {
    super(`${subject} ${what}; ${remedy}`, { fault: 'asked' });
  }
}

/** Lets an agent in: by a token, or by its certificate where there is none. One that is enrolled is only replaced by will. */
export function enrol(
  known: Identities,
  agent: string,
  token: NewToken | null,
  isReplacing: boolean,
): readonly IdentityChange[] {
  if (!AGENT_ID.test(agent)) {
    const remedy = 'write up to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit';
    throw new IdentityRefused(`agent ${JSON.stringify(agent)}`, 'is no agent id', remedy);
  }
  const isEnrolled = known.agents.has(agent);
  if (isEnrolled && !isReplacing) {
    const remedy = 'with --replace it gets another token, and the one that it has ends';
    throw new IdentityRefused(`agent ${agent}`, 'is enrolled', remedy);
  }
  if (!isEnrolled && known.agents.size >= AGENTS_MAX)
    throw new IdentityRefused(`${AGENTS_MAX} agents`, 'are enrolled, as many as can be', 'revoke those that are gone');
  return [{ kind: 'agent-enrolled', agent, id: token?.id ?? null, hash: token?.hash ?? null }];
}

export function revokeAgent(known: Identities, agent: string): readonly IdentityChange[] {
  if (known.agents.has(agent)) return [{ kind: 'agent-revoked', agent }];
  throw new IdentityRefused(`agent ${JSON.stringify(agent)}`, 'is not enrolled', nearestOf(agent, known.agents));
}

/** Adds a token under a name that no other has. Who sees a part of what there is can't be let change what is of all. */
export function addToken(
  known: Identities,
  name: string,
  { id, hash }: NewToken,
  grant: Grant,
): readonly IdentityChange[] {
  const subject = `token ${JSON.stringify(name)}`;
  if (!TOKEN_NAME.test(name)) {
    const remedy = 'write up to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit';
    throw new IdentityRefused(subject, 'is no name for a token', remedy);
  }
  if (known.tokens.has(name)) throw new IdentityRefused(subject, 'is there', 'revoke it first, or choose another name');
  if (grant.may !== 'read' && isConfined(grant)) {
    const remedy = 'leave out --views and --where, or let it read';
    throw new IdentityRefused(subject, `sees a part only, and what ${grant.may} allows is about all`, remedy);
  }
  if (known.tokens.size >= TOKENS_MAX)
    throw new IdentityRefused(`${TOKENS_MAX} tokens`, 'are there, as many as can be', 'revoke those that have ended');
  return [{ kind: 'token-added', name, id, hash, grant }];
}

export function revokeToken(known: Identities, name: string): readonly IdentityChange[] {
  if (known.tokens.has(name)) return [{ kind: 'token-revoked', name }];
  throw new IdentityRefused(`token ${JSON.stringify(name)}`, 'is not there', nearestOf(name, known.tokens));
}

function nearestOf(name: string, known: ReadonlyMap<string, unknown>): string {
  const nearest = nearestNames(name, [...known.keys()]);
  return nearest.length === 0 ? 'it may have been revoked before' : `did you mean ${nearest.join(' or ')}?`;
}
