import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { installPlatform } from './install.ts';
import { Platform } from './platform.ts';

// Before anything that keeps a timer, a socket or a file of Node's is loaded.
installPlatform();
const { get } = await import('node:http');
const { createServer } = await import('node:net');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A platform whose processes are killed at work: one amid a request, the other amid waiting. */
async function leave(): Promise<WeakRef<Platform>> {
  const platform = new Platform(1, 0);
  const { network, scheduler } = platform;
  const [server, client] = [platform.machine('server'), platform.machine('client')];
  let asked = false;
  server.start().run(() => createServer((socket) => void socket.once('data', () => (asked = true))).listen(80));
  client.start().run(() => {
    get('http://server:80/', { agent: false }).on('error', () => undefined);
    const waits = new AbortController();
    AbortSignal.any([waits.signal]).addEventListener('abort', () => platform.machine('never'));
  });
  await scheduler.runUntil(() => asked);
  for (const machine of [server, client]) machine.end('killed');
  network[Symbol.dispose]();
  return new WeakRef(platform);
}

describe('a platform that is done with', () => {
  it('is held by nothing of what its killed processes had begun', async () => {
    const left = await leave();
    // What was referred to weakly is kept for the turn in which it was.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(left.deref()).toBeUndefined();
  });
});
