import { describe, expect, it } from 'vitest';
import { PRESENCE_AGENTS_MAX } from './limits.ts';
import { type AgentPresence, Presence } from './presence.ts';

describe('presence', () => {
  it('says who is there since when, who was lost and who left, and reports each change', () => {
    const changes: AgentPresence[] = [];
    const presence = new Presence((change) => changes.push(change));
    const beat = { incarnation: 1, highestSequence: 5, watermarkMs: null, closed: false };
    presence.online('a', 10);
    presence.seen('a', 12, beat);
    presence.seen('a', 13);
    presence.online('b', 14);
    presence.offline('a', 'lost', 20);
    expect(presence.list()).toStrictEqual([
      { agent: 'b', state: 'online', sinceMs: 14, lastSeenMs: 14, heartbeat: null },
      { agent: 'a', state: 'lost', sinceMs: 20, lastSeenMs: 13, heartbeat: beat },
    ]);
    expect(changes.map(({ agent, state }) => `${agent} ${state}`)).toStrictEqual(['a online', 'b online', 'a lost']);
  });

  it('learns nothing of an agent that it has never seen come', () => {
    const presence = new Presence(() => undefined);
    presence.seen('a', 10);
    expect(presence.list()).toStrictEqual([]);
    presence.offline('a', 'lost', 20);
    expect(presence.list()).toStrictEqual([
      { agent: 'a', state: 'lost', sinceMs: 20, lastSeenMs: 20, heartbeat: null },
    ]);
  });

  it('forgets those longest away when there are too many, never one that is there', () => {
    const presence = new Presence(() => undefined);
    presence.online('stays', 0);
    presence.online('first-gone', 1);
    presence.offline('first-gone', 'left', 2);
    for (let i = 0; i < PRESENCE_AGENTS_MAX - 1; i++) presence.offline(`gone-${i}`, 'left', 3);
    const agents = presence.list().map(({ agent }) => agent);
    expect(agents).toHaveLength(PRESENCE_AGENTS_MAX);
    expect(agents).toContain('stays');
    expect(agents).not.toContain('first-gone');
  });
});
