import { describe, expect, it } from 'vitest';
import { issuesOf } from '../sources.fixtures.ts';
import { cheapHash } from './doors.fixtures.ts';

const hash = cheapHash('secret');
const issues = (listen: string, more: object = {}): string => issuesOf({ kind: 'http', listen, ...more });

describe('the door of a source', () => {
  it('is for this machine alone as long as nobody is named, and says how others may come in', () => {
    for (const listen of ['0.0.0.0:8090', '[::]:8090', '192.0.2.7:8090', 'meters.example:8090']) {
      expect(issues(listen)).toMatch(
        /is open to other machines.*users: \{ NAME: "HASH" \}.*"weir password".*127\.0\.0\.1:8090/,
      );
      expect(issues(listen, { users: { a: hash } })).toBe('');
    }
    for (const listen of ['localhost:8090', '[::1]:8090', '127.0.0.2:8090']) expect(issues(listen)).toBe('');
  });

  it('is written as host and port', () => {
    for (const listen of ['8090', 'localhost', '::1:8090', 'localhost:65536', 'localhost:http'])
      expect(issues(listen)).toContain('is not host:port');
  });

  it('knows users by names that a login can carry, and by hashes, which it does not repeat', () => {
    expect(issues('localhost:1', { users: { a: 'secret' } })).toContain('run "weir password"');
    expect(issues('localhost:1', { users: { a: 'secret' } })).not.toContain('secret');
    expect(issues('localhost:1', { users: { 'a:b': hash } })).toContain('no colon');
    expect(issues('localhost:1', { users: {} })).toContain('names nobody');
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`u${i}`, hash]));
    expect(issues('localhost:1', { users: many })).toContain('more than 1000');
  });

  it('takes both files of TLS or neither', () => {
    expect(issues('localhost:1', { tls: { cert: 'a.pem', key: 'b.pem' } })).toBe('');
    expect(issues('localhost:1', { tls: { cert: 'a.pem' } })).toContain('key');
  });
});
