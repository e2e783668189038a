import { describe, expect, it } from 'vitest';
import { Sessions, SESSIONS_MAX, SESSIONS_OF_TOKEN_MAX } from './sessions.ts';

describe('sessions', () => {
  it('of one token push out its own, and nobody else', () => {
    const sessions = new Sessions(() => 0);
    const other = sessions.begin('other');
    const first = sessions.begin('one');
    for (let i = 1; i < SESSIONS_OF_TOKEN_MAX; i++) sessions.begin('one');
    expect(sessions.tokenOf(first)).toBe('one');
    for (let i = 0; i < SESSIONS_MAX; i++) sessions.begin('one');
    expect([sessions.tokenOf(first), sessions.tokenOf(other)]).toEqual([undefined, 'other']);
  });

  it('of all tokens end with the oldest where there are too many', () => {
    const sessions = new Sessions(() => 0);
    const [first, second] = [sessions.begin('first'), sessions.begin('second')];
    for (let i = 0; i < SESSIONS_MAX - 1; i++) sessions.begin(`token-${i}`);
    expect([sessions.tokenOf(first), sessions.tokenOf(second)]).toEqual([undefined, 'second']);
  });
});
