import { describe, expect, it } from 'vitest';
import { addressKey, FAILED_LOGINS_MAX, FailedLogins } from './failed-logins.ts';

describe('failed logins', () => {
  it('are forgotten after a while, and a clock that is set back makes nobody wait longer', () => {
    let nowMs = 10_000_000;
    const failed = new FailedLogins(() => nowMs);
    for (let i = 0; i < 7; i++) failed.add('k');
    nowMs -= 5_000_000;
    expect(failed.waitMs('k')).toBe(60_000);
    nowMs += 5_600_000;
    expect(failed.waitMs('k')).toBe(0);
    failed.add('k');
    expect(failed.waitMs('k')).toBe(1_000);
  });

  it('are remembered of the last ones when there are too many', () => {
    const failed = new FailedLogins(() => 0);
    failed.add('first');
    failed.add('second');
    failed.add('first');
    for (let i = 2; i < FAILED_LOGINS_MAX; i++) failed.add(`k${i}`);
    expect(failed.waitMs('second')).toBe(1_000);
    failed.add('one more');
    expect(failed.waitMs('second')).toBe(0);
    expect(failed.waitMs('first')).toBe(2_000);
  });
});

describe('the address that a login is known by', () => {
  it('is that of an IPv4 host, or the network of an IPv6 one', () => {
    for (const [address, key] of [
      ['192.0.2.7', '192.0.2.7'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['2001:db8:0:1:a:b:c:d', '2001:db8:0:1'],
      ['2001:db8::1:a:b:c:d', '2001:db8:0:1'],
      ['2001:DB8::d', '2001:db8:0:0'],
      ['::1', '0:0:0:0'],
      ['fe80::1%eth0', 'fe80:0:0:0'],
      ['1:2:3:4::', '1:2:3:4'],
      ['', ''],
    ] as const)
      expect(addressKey(address)).toBe(key);
  });
});
