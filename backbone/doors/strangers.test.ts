import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { Strangers } from './strangers.ts';

class SocketOfTest extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  isDestroyed = false;

  constructor(address: string, port: number) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }
}

let strangers: Strangers;
let ports: number;

/** A connection that comes; IPv6 addresses of one network are one. */
function come(address: string): SocketOfTest {
  const socket = new SocketOfTest(address, ++ports);
  strangers.add(socket as unknown as Socket);
  return socket;
}

beforeEach(() => {
  strangers = new Strangers(3);
  ports = 0;
});

describe('connections that have not shown who they are', () => {
  it('make room for the next of their address, the oldest first', () => {
    const [first, second] = [come('192.0.2.1'), come('::ffff:192.0.2.1'), come('192.0.2.1')];
    const other = come('192.0.2.2');
    come('192.0.2.1');
    expect([first!.isDestroyed, second!.isDestroyed, other.isDestroyed]).toEqual([true, false, false]);
    come('192.0.2.1');
    expect([second!.isDestroyed, other.isDestroyed, strangers.cut]).toEqual([true, false, 2]);
  });

  it('are counted no longer once they have shown it, or have left', () => {
    const [known, left] = [come('2001:db8::1'), come('2001:db8::2'), come('2001:db8::3')];
    strangers.letIn(known!.remoteAddress, known!.remotePort);
    left!.emit('close');
    const more = [come('2001:db8::4'), come('2001:db8::5')];
    expect([known, left, ...more].some((socket) => socket!.isDestroyed)).toBe(false);
    come('2001:db8::6');
    expect([known!.isDestroyed, strangers.cut]).toEqual([false, 1]);
  });
});
