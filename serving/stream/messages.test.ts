import { describe, expect, it } from 'vitest';
import { idOf, parseClientMessage } from './messages.ts';

const SUBSCRIBE = { type: 'subscribe', id: 'a', view: 'v', window: '1h' };

const parse = (message: unknown) => parseClientMessage(JSON.stringify(message));

describe('a message of a reader', () => {
  it('subscribes with whatever it may say, or unsubscribes', () => {
    const full = { every: '1h', zone: 'UTC', stats: ['count'], last: '1d', where: { region: 'a', kind: ['b', 'c'] } };
    expect(parse(SUBSCRIBE)).toEqual(SUBSCRIBE);
    expect(parse({ ...SUBSCRIBE, ...full, resume: 'token' })).toEqual({ ...SUBSCRIBE, ...full, resume: 'token' });
    expect(parse({ ...SUBSCRIBE, from: '2026-01-01' })).toMatchObject({ from: '2026-01-01' });
    expect(parse({ type: 'unsubscribe', id: 'a' })).toEqual({ type: 'unsubscribe', id: 'a' });
  });

  it.each([
    ['nothing', null],
    ['a list', [SUBSCRIBE]],
    ['no type', { ...SUBSCRIBE, type: undefined }],
    ['an unknown type', { ...SUBSCRIBE, type: 'publish' }],
    ['no id', { ...SUBSCRIBE, id: undefined }],
    ['an empty id', { ...SUBSCRIBE, id: '' }],
    ['an id of more than 64 characters', { ...SUBSCRIBE, id: 'a'.repeat(65) }],
    ['no view', { ...SUBSCRIBE, view: undefined }],
    ['no window', { ...SUBSCRIBE, window: undefined }],
    ['an unknown field', { ...SUBSCRIBE, colour: 'red' }],
    ['an empty list of statistics', { ...SUBSCRIBE, stats: [] }],
    ['more than 64 statistics', { ...SUBSCRIBE, stats: Array.from({ length: 65 }, () => 'count') }],
    ['more than 100 values of a tag', { ...SUBSCRIBE, where: { a: Array.from({ length: 101 }, () => 'x') } }],
    ['a number for a tag', { ...SUBSCRIBE, where: { a: 1 } }],
    ['a token of more than 16,384 characters', { ...SUBSCRIBE, resume: 'x'.repeat(16_385) }],
    ['an unsubscription that says more', { type: 'unsubscribe', id: 'a', view: 'v' }],
  ])('is refused with %s', (_, message) => {
    expect(() => parse(message)).toThrow(/can't be taken|is no JSON/);
  });

  it('that filters by a tag named __proto__ is refused, not taken without the filter', () => {
    const message = `{"type":"subscribe","id":"a","view":"v","window":"1h","where":{"__proto__":"x"}}`;
    expect(() => parseClientMessage(message)).toThrow('nothing can be named __proto__');
  });

  it('is taken at each limit', () => {
    const where = { a: Array.from({ length: 100 }, () => 'x') };
    const stats = Array.from({ length: 64 }, () => 'count');
    const limits = { id: 'a'.repeat(64), where, stats, resume: 'x'.repeat(16_384) };
    expect(parse({ ...SUBSCRIBE, ...limits })).toMatchObject(limits);
  });

  it('that is no JSON is shown by its first 80 characters', () => {
    expect(() => parseClientMessage(`{${'x'.repeat(200)}`)).toThrow(`message "{${'x'.repeat(79)}" is no JSON`);
  });

  it('names its id as far as it can be read', () => {
    expect(idOf('{"id":"a","colour":"red"}')).toBe('a');
    expect(idOf(JSON.stringify({ id: 'b'.repeat(100) }))).toBe('b'.repeat(64));
    for (const text of ['{', 'null', '5', '{}', '{"id":7}', '[]']) expect(idOf(text)).toBeUndefined();
  });
});
