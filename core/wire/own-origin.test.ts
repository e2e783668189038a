import { describe, expect, it } from 'vitest';
import { isLoopback, isOwnHost, isOwnOrigin, listenAddresses } from './own-origin.ts';

describe('an origin', () => {
  it('is not named by what no page sent, which may', () => {
    expect(isOwnOrigin(undefined, [])).toBe(true);
  });

  it.each([
    ['http://localhost:8080', 'localhost:8080'],
    ['http://LOCALHOST:8080', 'localhost:8080'],
    ['http://localhost:8080', 'LocalHost:8080'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['https://weir.example', 'weir.example'],
    ['https://weir.example', 'weir.example:443'],
    ['http://weir.example', 'weir.example:80'],
    ['http://weir.example', 'weir.example'],
  ])('%s is own at %s', (origin, address) => {
    expect(isOwnOrigin(origin, ['elsewhere.example', address])).toBe(true);
  });

  it.each([
    ['null', 'localhost:8080'],
    ['', 'localhost:8080'],
    ['https://elsewhere.example', 'weir.example'],
    ['http://localhost:8081', 'localhost:8080'],
    ['https://localhost', 'localhost:80'],
    ['http://localhost', 'localhost:443'],
    ['http://localhost:8080.elsewhere.example', 'localhost:8080'],
    ['http://localhost:8080@elsewhere.example', 'localhost:8080'],
    ['http://user@localhost:8080', 'localhost:8080'],
    ['http://localhost:8080/', 'localhost:8080'],
    ['ws://localhost:8080', 'localhost:8080'],
    ['file://localhost:8080', 'localhost:8080'],
    ['http://localhost:99999', 'localhost:99999'],
    ['http://localhost:8080', 'localhost:8080:8080'],
  ])('%s is not own at %s', (origin, address) => {
    expect(isOwnOrigin(origin, [address])).toBe(false);
  });

  it('is not own to a server without an address', () => {
    expect(isOwnOrigin('http://localhost:8080', [])).toBe(false);
  });
});

describe('the host of a request', () => {
  const own = listenAddresses('127.0.0.1', 8080);

  it.each(['localhost:8080', 'LOCALHOST:8080', '127.0.0.1:8080', '[::1]:8080', undefined])('%s is own', (host) => {
    expect(isOwnHost(host, own)).toBe(true);
  });

  it.each([
    'rebound.example:8080',
    'localhost',
    'localhost:8081',
    'localhost.rebound.example:8080',
    'rebound.example#@localhost:8080',
    'x@localhost:8080',
    'localhost:8080/',
    'localhost:8080\\x',
    '[::',
    '',
  ])('%j is not own', (host) => {
    expect(isOwnHost(host, own)).toBe(false);
  });

  it('needs no port where it is the usual one', () => {
    expect(isOwnHost('localhost', listenAddresses('localhost', 80))).toBe(true);
  });
});

describe('the addresses of a server', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '::1', '0.0.0.0', '::'])(
    'that listens on %s are those of the loopback too',
    (host) => {
      for (const name of ['localhost', '127.0.0.1', '[::1]'])
        expect(isOwnOrigin(`http://${name}:8090`, listenAddresses(host, 8090))).toBe(true);
      expect(isOwnOrigin('http://rebound.example:8090', listenAddresses(host, 8090))).toBe(false);
      expect(isOwnOrigin('http://localhost:8091', listenAddresses(host, 8090))).toBe(false);
    },
  );

  it('that listens on another one are that alone', () => {
    expect(listenAddresses('192.0.2.7', 8090)).toStrictEqual(['192.0.2.7:8090']);
    expect(listenAddresses('Meters.Example', 80)).toStrictEqual(['meters.example:80']);
    expect(listenAddresses('2001:db8::7', 8090)).toStrictEqual(['[2001:db8::7]:8090']);
  });
});

describe('a host', () => {
  it('is of this machine alone in 127.0.0.0/8, at ::1 and by the name localhost', () => {
    expect(['127.0.0.1', '127.9.8.7', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '192.168.1.2', '127.example.org', 'localhost.example.org'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
