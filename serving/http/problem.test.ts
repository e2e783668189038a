import { describe, expect, it } from 'vitest';
import { type ErrorOptions, WeirError } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';
import { problem, problemOf, problemResponse } from './problem.ts';

class Trouble extends WeirError {
  readonly kind = 'trouble';

  constructor(options: ErrorOptions) {
    super('the disk is full; make room', options);
  }
}

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

  it('that stays is of the server, with its reason', () => {
    const staying = problemOf(new Trouble({ fault: 'world' }));
    expect(staying).toMatchObject({ status: 500, subject: 'server', detail: 'the disk is full; make room' });
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
      'The request comes from another origin',
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
