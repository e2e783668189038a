import { describe, expect, it } from 'vitest';
import { auditTable, parseHead } from './audit.ts';

describe('the audit log for people', () => {
  it('says when, who and what of each line', () => {
    const at = '2026-05-01T00:00:00.000Z';
    const lines = [
      {
        at,
        kind: 'refused',
        facts: { door: 'http', address: '192.0.2.7', who: null, why: 'it shows no token', times: 3 },
      },
      { at, kind: 'token-added', facts: { by: 'root', name: 'grafana', grant: { may: 'read' } } },
    ];
    expect(auditTable({ lines }).split('\n').slice(1)).toEqual([
      `${at}  refused            door=http address=192.0.2.7 why=it shows no token times=3`,
      `${at}  token-added  root  name=grafana grant={"may":"read"}`,
      '',
    ]);
  });

  it('takes a head as the check prints it', () => {
    const hash = 'ab'.repeat(32);
    expect(parseHead(`17:${hash}`)).toEqual({ count: 17, hash });
    for (const wrong of ['', hash, `17:${hash}0`, `-1:${hash}`, '17:xyz'])
      expect(() => parseHead(wrong)).toThrow('Write it as "weir audit --check" prints it');
  });
});
