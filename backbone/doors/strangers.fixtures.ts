import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Fewer than Node lets wait to be accepted, so that all are, in order. */
const AT_ONCE = 256;

/** Opens connections to a port of this machine, and says nothing; they end with the test. */
export async function comeAndBeSilent(port: number, count: number, localAddress = '127.0.0.1'): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => {
      const socket = connect({ host: '127.0.0.1', port, localAddress });
      socket.on('error', () => undefined);
      return socket;
    });
    onTestFinished(() => {
      for (const socket of some) socket.destroy();
    });
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    sockets.push(...some);
  }
  return sockets;
}
