import { describe, expect, it } from 'vitest';
import { checkOpenness, type DoorRules, formatAddress, parseAddress } from './address.ts';

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

  it('that other machines reach needs identity, and TLS or a proxy that speaks it', () => {
    const open = (rules: Partial<DoorRules>, host = '::') => {
      checkOpenness('--mqtt', { host, port: 1883 }, { identity: 'none', plainText: false, ...rules });
    };
    for (const without of [{}, { plainText: true }, { tls: {} }])
      expect(() => open(without)).toThrow(
        '--mqtt [::]:1883 is open to other machines, which have to say who they are; add `identity: required` to the configuration',
      );
    expect(() => open({ identity: 'required' }, '192.0.2.7')).toThrow(
      '192.0.2.7:1883 is open to other machines, and what they send would not be encrypted; add `tls: { cert, key }`',
    );
    open({ identity: 'required', tls: {} });
    open({ identity: 'required', plainText: true });
    for (const loopback of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) open({}, loopback);
  });
});
