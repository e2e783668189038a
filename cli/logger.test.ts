import { describe, expect, it } from 'vitest';
import { formatLogLine } from './logger.ts';

describe('a log line for people', () => {
  it('has time of day, level, part, message and the facts', () => {
    const time = new Date(2026, 0, 2, 3, 4, 5).toISOString();
    const json = JSON.stringify({
      level: 'warn',
      time,
      part: 'broker',
      agent: 'roof-1',
      count: 3,
      msg: 'agent connected',
    });
    expect(formatLogLine(json)).toBe('03:04:05 warn  broker: agent connected (agent=roof-1, count=3)');
  });

  it('tells of an error what it says, without its stack', () => {
    const err = { type: 'Error', message: 'no such host', stack: 'Error: no such host\n    at x.ts:1' };
    expect(formatLogLine(JSON.stringify({ level: 'error', msg: 'not reached', err }))).toMatch(
      /error not reached \(no such host\)$/,
    );
  });

  it('has no brackets where there are no facts', () => {
    expect(formatLogLine(JSON.stringify({ level: 'info', time: 'then', msg: 'stopping' }))).toBe('then info  stopping');
  });

  it('cuts a value that is too long, and leaves alone what is no JSON', () => {
    const line = (chars: number): string =>
      formatLogLine(JSON.stringify({ level: 'info', msg: 'm', text: 'x'.repeat(chars) }));
    expect(line(200)).toBe(` info  m (text=${'x'.repeat(200)})`);
    expect(line(201)).toBe(` info  m (text=${'x'.repeat(200)}…)`);
    expect(formatLogLine('plain\n')).toBe('plain');
  });
});
