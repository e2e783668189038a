import { describe, expect, it } from 'vitest';
import { formatAddress, isLoopback, parseAddress, refuseBeyondLoopback } from './address.ts';

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

  it('is of this machine alone in 127.0.0.0/8, at ::1 and by the name localhost', () => {
    expect(['127.0.0.1', '127.9.8.7', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '192.168.1.2', '127.example.org', 'localhost.example.org'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(() => refuseBeyondLoopback('--mqtt', { host: '::', port: 1883 })).toThrow(
      '--mqtt [::]:1883 is open to other machines',
    );
  });
});
