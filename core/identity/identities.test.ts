import { beforeEach, describe, expect, it } from 'vitest';
import { Identities, type IdentityChange } from './identities.ts';
import type { Grant } from './principal.ts';
import { isToken, makeToken, parseToken, TOKEN_CHARACTERS_MAX } from './token.ts';

const made = (kind: 'agent' | 'token', byte: number) => makeToken(kind, (bytes) => new Uint8Array(bytes).fill(byte));
const GRANT: Grant = { may: 'read', views: null, where: {}, untilMs: null };

const enrolled = (agent: string, { id, hash }: { id: string; hash: string }): IdentityChange => ({
  kind: 'agent-enrolled',
  agent,
  id,
  hash,
});
const added = (
  name: string,
  { id, hash }: { id: string; hash: string },
  grant: Partial<Grant> = {},
): IdentityChange => ({
  kind: 'token-added',
  name,
  id,
  hash,
  grant: { ...GRANT, ...grant },
});

let known: Identities;
beforeEach(() => (known = new Identities()));

describe('a token', () => {
  it('tells its kind and its id, and fits every header', () => {
    const { text, id } = made('agent', 0xab);
    expect(text).toBe(`weir_agent_abababababab_${'q6ur'.repeat(10)}q6s`);
    expect(id).toBe('abababababab');
    expect(text).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
    expect(text.length).toBeLessThanOrEqual(TOKEN_CHARACTERS_MAX);
  });

  it.each(['', 'weir_agent_', 'weir_other_abababababab_', ' weir_token_abababababab_', 'x'.repeat(1_000_000)])(
    'has not the form of what begins with %.20s',
    (text) => {
      expect(parseToken(text)).toBeUndefined();
      expect(parseToken(`${text}${'A'.repeat(44)}`)).toBeUndefined();
    },
  );

  it('is the one that was hashed, and no other, nor one where nothing was', () => {
    const { text, hash } = made('token', 1);
    expect(isToken(text, hash)).toBe(true);
    expect(isToken(text.slice(0, -1), hash)).toBe(false);
    expect(isToken(made('token', 2).text, hash)).toBe(false);
    for (const none of [null, undefined, '', '00', '0'.repeat(64)]) expect(isToken(text, none)).toBe(false);
  });
});

describe('those who are known', () => {
  it('are the agents that are enrolled, by their own token, until it is revoked or replaced', () => {
    const [first, second, third] = [made('agent', 1), made('agent', 2), made('agent', 3)];
    known.apply(enrolled('roof-1', first));
    known.apply(enrolled('roof-2', second));
    expect(known.agentBy('roof-1', first.text)).toEqual({ kind: 'agent', agent: 'roof-1' });
    expect(known.agentBy('roof-1', second.text).kind).toBe('stranger');
    expect(known.agentBy('roof-3', first.text).kind).toBe('stranger');
    expect(known.agentBy('constructor', first.text).kind).toBe('stranger');
    known.apply(enrolled('roof-1', third));
    expect(known.agentBy('roof-1', first.text).kind).toBe('stranger');
    expect(known.agentBy('roof-1', third.text).kind).toBe('agent');
    known.apply({ kind: 'agent-revoked', agent: 'roof-1' });
    expect(known.agentBy('roof-1', third.text).kind).toBe('stranger');
    expect(known.agentBy('roof-2', second.text).kind).toBe('agent');
  });

  it('are not agents by any token, where they show a certificate', () => {
    known.apply({ kind: 'agent-enrolled', agent: 'roof-1', id: null, hash: null });
    expect(known.agents.has('roof-1')).toBe(true);
    for (const text of ['', made('agent', 0).text]) expect(known.agentBy('roof-1', text).kind).toBe('stranger');
  });

  it('are the holders of tokens that were added, until they end or are revoked', () => {
    const [first, second] = [made('token', 1), made('token', 2)];
    known.apply(added('grafana', first, { untilMs: 1_000 }));
    expect(known.holderOf(first.text, 999)).toMatchObject({ kind: 'token', name: 'grafana', id: first.id });
    expect(known.token(first.id, 999)).toMatchObject({ kind: 'token', name: 'grafana' });
    for (const nowMs of [1_000, 2_000]) {
      expect(known.holderOf(first.text, nowMs).kind).toBe('stranger');
      expect(known.token(first.id, nowMs).kind).toBe('stranger');
    }
    known.apply(added('grafana', second));
    expect(known.holderOf(first.text, 0).kind).toBe('stranger');
    expect(known.holderOf(second.text, 9e15).kind).toBe('token');
    known.apply({ kind: 'token-revoked', name: 'grafana' });
    expect(known.holderOf(second.text, 0).kind).toBe('stranger');
    expect(known.token(second.id, 0).kind).toBe('stranger');
  });

  it('are not the ones that name an id alone, or the token of an agent', () => {
    const [agent, token] = [made('agent', 1), made('token', 1)];
    known.apply(enrolled('roof-1', agent));
    known.apply(added('grafana', token));
    const forged = `${token.text.slice(0, -43)}${'A'.repeat(43)}`;
    expect(parseToken(forged)?.id).toBe(token.id);
    for (const text of [forged, agent.text, token.id, '']) expect(known.holderOf(text, 0).kind).toBe('stranger');
  });
});
