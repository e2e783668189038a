import { beforeEach, describe, expect, it } from 'vitest';
import { addToken, enrol, revokeAgent, revokeToken } from './decisions.ts';
import { Identities, type IdentityChange, identityChange } from './identities.ts';
import { permits } from './permits.ts';
import type { Grant } from './principal.ts';
import { makeToken } from './token.ts';

const READ: Grant = { may: 'read', views: null, where: {}, untilMs: null };
const FIRST = makeToken('agent', (bytes) => new Uint8Array(bytes).fill(1));
const SECOND = makeToken('token', (bytes) => new Uint8Array(bytes).fill(2));

let known: Identities;
beforeEach(() => (known = new Identities()));

function apply(changes: readonly IdentityChange[]): void {
  for (const change of changes) known.apply(change);
}

describe('enrolling', () => {
  it('lets an agent in once, and again only by will', () => {
    apply(enrol(known, 'roof-1', FIRST, false));
    expect(known.agentBy('roof-1', FIRST.text).kind).toBe('agent');
    expect(() => enrol(known, 'roof-1', FIRST, false)).toThrow('agent roof-1 is enrolled; with --replace it gets');
    expect(enrol(known, 'roof-1', null, true)).toEqual([
      { kind: 'agent-enrolled', agent: 'roof-1', id: null, hash: null },
    ]);
  });

  it.each(['', ' ', 'a/b', '+', '#', '-a', 'a'.repeat(65), 'ä'])('takes no agent %j', (agent) => {
    expect(() => enrol(known, agent, FIRST, false)).toThrow('is no agent id');
  });

  it('is undone by revoking, once', () => {
    apply(enrol(known, 'roof-1', FIRST, false));
    expect(() => revokeAgent(known, 'roof-2')).toThrow('agent "roof-2" is not enrolled; did you mean roof-1?');
    apply(revokeAgent(known, 'roof-1'));
    expect(() => revokeAgent(known, 'roof-1')).toThrow('it may have been revoked before');
  });
});

describe('adding a token', () => {
  it('takes a name that no other has, until that is revoked', () => {
    apply(addToken(known, 'grafana', SECOND, READ));
    expect(() => addToken(known, 'grafana', SECOND, READ)).toThrow('token "grafana" is there; revoke it first');
    apply(revokeToken(known, 'grafana'));
    expect(addToken(known, 'grafana', SECOND, READ)).toHaveLength(1);
    expect(() => revokeToken(known, 'grafana')).toThrow('is not there');
  });

  it('lets nobody who sees a part change what is of all', () => {
    for (const may of ['write', 'operate'] as const) {
      for (const confined of [{ views: ['usage'] }, { views: [] }, { where: { house: ['7'] } }])
        expect(() => addToken(known, 'x', SECOND, { ...READ, may, ...confined })).toThrow('sees a part only');
      expect(addToken(known, 'x', SECOND, { ...READ, may })).toHaveLength(1);
    }
    expect(addToken(known, 'x', SECOND, { ...READ, views: [] })).toHaveLength(1);
  });

  it.each(['house', '__proto__', 'constructor'])('confines to rows of the tag %s also once it is read again', (tag) => {
    const where = Object.fromEntries([[tag, ['7']]]);
    const changes = addToken(known, 'tenant', SECOND, { ...READ, where });
    apply(changes.map((change) => identityChange.parse(JSON.parse(JSON.stringify(change)))));
    const principal = known.holderOf(SECOND.text, 0);
    const action = { kind: 'ask', view: { name: 'usage', by: ['device'], where: {} } } as const;
    expect([permits(principal, action), permits(principal, { kind: 'inspect' })]).toEqual([false, false]);
  });

  it.each(['', ' ', 'a b', '-', '"'])('takes no name %j', (name) => {
    expect(() => addToken(known, name, SECOND, READ)).toThrow('is no name for a token');
  });
});
