import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress, refuseBeyondLoopback } from './address.ts';

describe('an address', () => {
  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:1883', { host: '::1', port: 1883 }],
  ])('%s is read and written as it was', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each(['8080', ':8080', 'host:', 'host:65536', '::1:80', 'a b:80', 'http://host:80'])('%j is refused', (text) => {
    expect(() => parseAddress(text)).toThrow(/Write it as host:port/);
  });

  it('that other machines reach is refused', () => {
    expect(() => refuseBeyondLoopback('--mqtt', { host: '::', port: 1883 })).toThrow(
      '--mqtt [::]:1883 is open to other machines',
    );
    refuseBeyondLoopback('--mqtt', { host: '127.0.0.1', port: 1883 });
  });
});
