import { describe, expect, it } from 'vitest';
import { ClientRefused, judgeConnect, judgePublish, maySubscribe } from './connect-verdict.ts';

const WILL = { topic: 'weir/v1/roof-1/gone', retain: false };

describe('a client', () => {
  it('comes in under an agent id, with a clean session, with or without its own last will', () => {
    expect(judgeConnect({ clientId: 'roof-1', clean: true, will: undefined })).toStrictEqual({ kind: 'welcome' });
    expect(judgeConnect({ clientId: 'roof-1', clean: true, will: WILL })).toStrictEqual({ kind: 'welcome' });
  });

  it.each([
    ['no name', { clientId: '' }, 2],
    ['a name with a slash', { clientId: 'a/b' }, 2],
    ['a wildcard for a name', { clientId: '#' }, 2],
    ['a session to be kept', { clean: false }, 5],
    ["another agent's will", { will: { ...WILL, topic: 'weir/v1/roof-2/gone' } }, 5],
    ['a will that is a frame', { will: { ...WILL, topic: 'weir/v1/roof-1/frame' } }, 5],
    ['a retained will', { will: { ...WILL, retain: true } }, 5],
  ])('is turned away with %s', (_what, change, returnCode) => {
    const facts = { clientId: 'roof-1', clean: true, will: WILL, ...change };
    expect(judgeConnect(facts)).toMatchObject({ kind: 'turned-away', returnCode });
  });

  it('is told in the terms of MQTT why it is refused', () => {
    expect(new ClientRefused('no agent id', 2)).toMatchObject({
      message: 'no agent id',
      returnCode: 2,
      fault: 'asked',
    });
    expect(new ClientRefused('not its own topic').returnCode).toBe(5);
  });

  it('publishes to its own up topics only', () => {
    for (const topic of ['frame', 'heartbeat', 'refused', 'gone']) {
      expect(judgePublish('roof-1', `weir/v1/roof-1/${topic}`)).toStrictEqual({ kind: 'take', topic });
    }
    const foreign = [
      'weir/v1/roof-2/frame',
      'weir/v1/roof-1/head',
      'weir/v1/roof-1/frame/x',
      'weir/v2/roof-1/frame',
      '$SYS/x',
      '',
    ];
    for (const topic of foreign) expect(judgePublish('roof-1', topic).kind).toBe('foreign');
  });

  it('subscribes to its own down topics only, without wildcards', () => {
    expect(maySubscribe('roof-1', 'weir/v1/roof-1/head')).toBe(true);
    expect(maySubscribe('roof-1', 'weir/v1/roof-1/verdict')).toBe(true);
    expect(maySubscribe('roof-1', 'weir/v1/roof-1/wanted')).toBe(true);
    for (const filter of [
      '#',
      '+/v1/roof-1/head',
      'weir/v1/+/head',
      'weir/v1/roof-2/head',
      'weir/v1/roof-1/frame',
      '$SYS/#',
    ]) {
      expect(maySubscribe('roof-1', filter)).toBe(false);
    }
  });
});
