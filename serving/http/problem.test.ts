import { describe, expect, it } from 'vitest';
import { type ErrorOptions, WeirError } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';
import { problem, problemOf, problemResponse } from './problem.ts';
import { sessionsMaxOf } from './query-routes.ts';
import { AddressUnavailable } from './serving-errors.ts';

class Trouble extends WeirError {
  readonly kind = 'trouble';

  constructor(options: ErrorOptions) {
    super('the disk is full; make room', options);
  }
}

describe('an address that can not be listened on', () => {
  it.each([
    ['EADDRINUSE', 'another process listens there. End it, or choose another port with --http HOST:PORT'],
    ['EACCES', 'this user may not. Choose a port from 1024 on with --http HOST:PORT'],
    ['EADDRNOTAVAIL', 'this machine has no such address. Choose one of its own with --http HOST:PORT'],
    ['ENOTFOUND', 'this machine has no such address. Choose one of its own with --http HOST:PORT'],
    ['EMFILE', 'the system refuses (EMFILE). Choose another address with --http HOST:PORT'],
    [undefined, 'the system refuses (no code). Choose another address with --http HOST:PORT'],
  ])('says why (%s) and what to do', (code, why) => {
    const error = new AddressUnavailable('127.0.0.1', 80, code, undefined);
    expect(error.message).toBe(`HTTP can't listen on 127.0.0.1:80: ${why}.`);
    expect(error).toMatchObject({ host: '127.0.0.1', port: 80, fault: 'world' });
  });
});

describe('how many sessions an answer may hold', () => {
  it('is what JSON holds of windows, and a million rows', () => {
    expect([sessionsMaxOf('json'), sessionsMaxOf('csv'), sessionsMaxOf('ndjson')]).toStrictEqual([
      100_000, 1_000_000, 1_000_000,
    ]);
  });
});

describe('a problem', () => {
  it('of a query says what was asked, with its status', () => {
    expect(problemOf(new QueryError('view', 'x', 'is not declared', 'declare it', 404))).toStrictEqual({
      type: 'about:blank',
      title: 'There is no such thing',
      status: 404,
      detail: 'view "x" is not declared; declare it',
      subject: 'view',
      value: 'x',
      remedy: 'declare it',
    });
  });

  it('that passes by itself is answered with when to ask again', async () => {
    const passing = problemOf(new Trouble({ fault: 'world', retryable: true }));
    expect(passing).toMatchObject({ status: 503, subject: 'trouble', detail: 'the disk is full; make room' });
    const response = problemResponse(passing);
    expect([response.status, response.headers.get('retry-after')]).toStrictEqual([503, '1']);
    expect(await response.json()).toStrictEqual(passing);
  });

  it('of what was asked at the wrong time is of the state', () => {
    expect(problemOf(new Trouble({ fault: 'asked' }))).toMatchObject({ status: 409, subject: 'trouble' });
  });

  it('that stays says what it is, and that its message tells what helps', () => {
    const staying = problemOf(new Trouble({ fault: 'world' }));
    expect(staying).toMatchObject({
      status: 500,
      subject: 'trouble',
      detail: 'the disk is full; make room',
      remedy: 'see the message',
    });
    expect(problemResponse(staying).headers.get('retry-after')).toBeNull();
  });

  it('that nobody thought of says so', () => {
    expect(problemOf(new TypeError('x is undefined'))).toMatchObject({
      status: 500,
      detail: 'An unexpected failure: x is undefined. The log of the server says more.',
    });
    expect(problemOf('a text')).toMatchObject({ status: 500, detail: expect.stringContaining('a text') as string });
  });

  it('is called by its status', () => {
    expect([400, 403, 405, 409, 413, 418].map((status) => problem(status, '').title)).toStrictEqual([
      'The query can not be answered as asked',
      'This is not for who asks',
      'The method is not allowed here',
      'The state does not allow it',
      'The request is too large',
      'Problem',
    ]);
  });

  it('is sent as problem details that no cache keeps', () => {
    const { headers } = problemResponse(problem(404, 'no'));
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});
