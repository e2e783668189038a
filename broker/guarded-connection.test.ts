import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import { GuardedConnection } from './guarded-connection.ts';
import {
  CLIENT_IN_FLIGHT_BYTES_MAX,
  CLIENT_IN_FLIGHT_MAX,
  CONTROL_PACKETS_MAX,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_MAX,
  PACKET_BYTES_MAX,
  PACKET_TIMEOUT_MS,
} from './limits.ts';
import { PacketCut } from './packet-guard.ts';

const NOBODY = { address: '', port: 0, certified: undefined };

/** A socket without a network: the test is the peer. Like a real one it gives no data while it is paused. */
class FakeSocket extends EventEmitter {
  readonly written: Uint8Array[] = [];
  isPaused = false;
  destroyed = false;
  isEnded = false;
  flushes = true;
  corks = 0;
  readonly #unread: Uint8Array[] = [];

  send(bytes: Uint8Array): void {
    this.#unread.push(bytes);
    this.#give();
  }

  get unread(): number {
    return this.#unread.length;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#give();
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.flushes;
  }

  cork(): void {
    this.corks++;
  }

  uncork(): void {
    this.corks--;
  }

  end(done: () => void): void {
    this.isEnded = true;
    done();
  }

  destroy(): void {
    this.destroyed = true;
  }

  #give(): void {
    while (!this.isPaused && this.#unread.length > 0) this.emit('data', this.#unread.shift());
  }
}

const CONNECT = Uint8Array.of(0x10, 2, 0, 0);
const PING = Uint8Array.of(0xc0, 0);
const DISCONNECT = Uint8Array.of(0xe0, 0);

/** A PUBLISH of so many bytes in all. */
function publish(bytes: number): Uint8Array {
  const packet = new Uint8Array(bytes).fill(7);
  for (const width of [1, 2, 3, 4]) {
    const length = bytes - 1 - width;
    if (length >= 128 ** width) continue;
    packet[0] = 0x32;
    for (let i = 0; i < width; i++) packet[1 + i] = ((length >> (7 * i)) & 127) | (i + 1 < width ? 128 : 0);
    return packet;
  }
  throw new Error(`no packet has ${bytes} bytes`);
}

/** A client behind its guard; `passed` is what the parser has read. */
function connectClient(
  limit = new InFlightLimit({ countMax: IN_FLIGHT_MAX, bytesMax: IN_FLIGHT_BYTES_MAX }),
  { reads = true } = {},
) {
  const socket = new FakeSocket();
  const connection = new GuardedConnection(socket as unknown as Duplex, NOBODY, limit);
  connection.letIn();
  const errors: Error[] = [];
  connection.on('error', (error) => errors.push(error));
  const passed: Uint8Array[] = [];
  if (reads) connection.on('data', (bytes: Uint8Array) => passed.push(bytes));
  const bytesPassed = (): number => passed.reduce((sum, bytes) => sum + bytes.length, 0);
  return { socket, connection, errors, passed, bytesPassed, limit };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a guarded connection', () => {
  it('passes on exactly what comes, in whatever pieces', async () => {
    const whole = Buffer.concat([CONNECT, publish(20), PING, publish(300), DISCONNECT]);
    for (const pieceBytes of [1, 2, 3, 7, whole.length]) {
      const { socket, connection, passed } = connectClient();
      for (let at = 0; at < whole.length; at += pieceBytes) socket.send(whole.subarray(at, at + pieceBytes));
      await turn();
      expect(Buffer.concat(passed)).toStrictEqual(whole);
      expect(connection.inFlight).toBe(2);
    }
  });

  it('knows whether the client took its leave', () => {
    const { socket, connection } = connectClient();
    socket.send(CONNECT);
    expect(connection.tookLeave).toBe(false);
    socket.send(DISCONNECT);
    expect(connection.tookLeave).toBe(true);
  });

  it('ends with the reason what its client may not send, and passes on nothing from there', async () => {
    const { socket, errors, bytesPassed } = connectClient();
    socket.send(Buffer.concat([CONNECT, Uint8Array.of(0x30, 9), PING]));
    await turn();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(PacketCut);
    expect(errors[0]).toMatchObject({ kind: 'packet-cut', code: 'publish-flags', fault: 'asked' });
    expect(socket.destroyed).toBe(true);
    expect(bytesPassed()).toBe(CONNECT.length);
  });

  it('counts a PUBLISH of any size from its announcement until it is answered', () => {
    const { socket, connection, limit } = connectClient();
    socket.send(CONNECT);
    const packet = publish(PACKET_BYTES_MAX);
    socket.send(packet.subarray(0, 4));
    expect([limit.count, limit.bytes]).toStrictEqual([1, PACKET_BYTES_MAX]);
    socket.send(packet.subarray(4));
    socket.send(publish(50));
    expect([limit.count, limit.bytes]).toStrictEqual([2, PACKET_BYTES_MAX + 50]);
    connection.answered();
    expect([limit.count, limit.bytes]).toStrictEqual([1, 50]);
    connection.answered();
    connection.answered();
    expect([limit.count, limit.bytes]).toStrictEqual([0, 0]);
  });

  it('reads no more of a client that has as many packets in flight as it may, until one is answered', () => {
    const { socket, connection } = connectClient();
    socket.send(CONNECT);
    for (let i = 0; i < CLIENT_IN_FLIGHT_MAX; i++) socket.send(publish(10));
    expect(socket.isPaused).toBe(false);
    socket.send(publish(10));
    socket.send(PING);
    expect([socket.isPaused, socket.unread, connection.inFlight]).toStrictEqual([true, 1, CLIENT_IN_FLIGHT_MAX]);
    connection.answered();
    expect([socket.isPaused, socket.unread, connection.inFlight]).toStrictEqual([false, 0, CLIENT_IN_FLIGHT_MAX]);
  });

  it('reads no more of a client that has as many bytes in flight as it may, to the byte', () => {
    const { socket, connection, limit } = connectClient();
    socket.send(CONNECT);
    const large = Math.floor(CLIENT_IN_FLIGHT_BYTES_MAX / 8);
    for (let i = 0; i < 8; i++) socket.send(publish(large));
    expect([socket.isPaused, limit.bytes]).toStrictEqual([false, CLIENT_IN_FLIGHT_BYTES_MAX]);
    socket.send(publish(2));
    expect(socket.isPaused).toBe(true);
    connection.answered();
    expect([socket.isPaused, limit.bytes]).toStrictEqual([false, CLIENT_IN_FLIGHT_BYTES_MAX - large + 2]);
  });

  it('waits where all clients together have too much in flight, and goes on when another is answered', async () => {
    const limit = new InFlightLimit({ countMax: 1, bytesMax: 100 });
    const [one, other] = [connectClient(limit), connectClient(limit)];
    for (const { socket } of [one, other]) socket.send(Buffer.concat([CONNECT, publish(60)]));
    await turn();
    expect([one.bytesPassed(), other.bytesPassed()]).toStrictEqual([64, 4]);
    expect([one.socket.isPaused, other.socket.isPaused]).toStrictEqual([false, true]);
    one.connection.answered();
    await turn();
    expect(other.bytesPassed()).toBe(64);
    expect(other.socket.isPaused).toBe(false);
    expect([limit.count, limit.bytes]).toStrictEqual([1, 60]);
  });

  it('holds what is being stored beyond its end, so that a log that is away is not given more with each connection', () => {
    const { socket, connection, limit } = connectClient();
    socket.send(CONNECT);
    for (const bytes of [100, 200, 300]) socket.send(publish(bytes));
    connection.taken();
    connection.taken();
    connection.destroy();
    expect([limit.count, limit.bytes]).toStrictEqual([2, 300]);
    connection.answered();
    expect([limit.count, limit.bytes]).toStrictEqual([1, 200]);
    connection.answered();
    connection.answered();
    expect([limit.count, limit.bytes]).toStrictEqual([0, 0]);
  });

  it('gives back what it holds and what it waits for when it ends', async () => {
    const limit = new InFlightLimit({ countMax: 1, bytesMax: 100 });
    const [one, other, last] = [connectClient(limit), connectClient(limit), connectClient(limit)];
    for (const { socket } of [one, other, last]) socket.send(Buffer.concat([CONNECT, publish(60)]));
    other.connection.destroy();
    one.connection.destroy();
    await turn();
    expect([limit.count, limit.bytes]).toStrictEqual([1, 60]);
    expect(last.connection.inFlight).toBe(1);
    last.connection.destroy();
    await turn();
    expect([limit.count, limit.bytes]).toStrictEqual([0, 0]);
  });

  it('ends where the broker as a whole takes nothing more', async () => {
    const limit = new InFlightLimit({ countMax: 1 });
    const { socket, errors } = connectClient(limit);
    limit.close(new Error('the broker stops'));
    socket.send(Buffer.concat([CONNECT, publish(60)]));
    await turn();
    expect(errors).toMatchObject([{ message: 'the broker stops' }]);
  });

  it('lets so many other packets wait for the parser, and reads on when it has taken them', async () => {
    const { socket, connection } = connectClient(undefined, { reads: false });
    socket.send(CONNECT);
    for (let i = 1; i < CONTROL_PACKETS_MAX; i++) socket.send(PING);
    expect(socket.isPaused).toBe(false);
    socket.send(PING);
    expect(socket.isPaused).toBe(true);
    expect((connection.read() as Uint8Array).length).toBe(CONNECT.length + 2 * (CONTROL_PACKETS_MAX - 1));
    await turn();
    expect(socket.isPaused).toBe(false);
    for (let i = 1; i < CONTROL_PACKETS_MAX; i++) socket.send(PING);
    expect(socket.isPaused).toBe(false);
    socket.send(PING);
    expect(socket.isPaused).toBe(true);
  });

  it('lets nothing more through once it is held, not even when an answer makes room', async () => {
    const { socket, connection, bytesPassed } = connectClient();
    socket.send(Buffer.concat([CONNECT, publish(20)]));
    connection.hold();
    socket.send(publish(20));
    connection.answered();
    await turn();
    expect(bytesPassed()).toBe(24);
    expect(socket.isPaused).toBe(true);
  });

  it('is cut when a PUBLISH stands still for too long, and only then', async () => {
    const { socket, connection, errors } = connectClient();
    socket.send(CONNECT);
    const longAfterMs = (): number => performance.now() + 2 * PACKET_TIMEOUT_MS;
    connection.cutIfStalled(longAfterMs());
    const packet = publish(100);
    const beganMs = performance.now();
    socket.send(packet.subarray(0, 99));
    connection.cutIfStalled(beganMs + PACKET_TIMEOUT_MS - 1);
    socket.send(packet.subarray(99));
    connection.cutIfStalled(longAfterMs());
    expect(connection.destroyed).toBe(false);
    socket.send(packet.subarray(0, 99));
    connection.cutIfStalled(performance.now() + PACKET_TIMEOUT_MS);
    await turn();
    expect(errors).toMatchObject([{ kind: 'packet-cut', code: 'packet-stalled' }]);
  });

  it('writes through, and waits for a socket that is full', async () => {
    const { socket, connection } = connectClient();
    socket.flushes = false;
    const done = vi.fn<() => void>();
    const allDone = vi.fn<() => void>();
    connection.write(Uint8Array.of(1), done);
    connection.write(Uint8Array.of(2));
    connection.write(Uint8Array.of(3), allDone);
    await turn();
    expect(done).not.toHaveBeenCalled();
    expect(socket.written).toHaveLength(1);
    socket.emit('drain');
    await turn();
    expect(done).toHaveBeenCalledOnce();
    expect(socket.written.flatMap((bytes) => [...bytes])).toStrictEqual([1, 2, 3]);
    expect(allDone).not.toHaveBeenCalled();
    socket.emit('drain');
    await turn();
    expect(allDone).toHaveBeenCalledOnce();
    expect(socket.corks).toBe(0);
    socket.flushes = true;
    const atOnce = vi.fn<() => void>();
    connection.write(Uint8Array.of(4), atOnce);
    await turn();
    expect(atOnce).toHaveBeenCalledOnce();
  });

  it('finishes after what is still to be written, and at once where it has ended', async () => {
    const { socket, connection } = connectClient();
    connection.write(Uint8Array.of(1));
    await connection.finish();
    expect([socket.written.length, socket.isEnded, socket.destroyed]).toStrictEqual([1, true, true]);
    await connection.finish();
  });

  it('ends with its socket, for the same reason', async () => {
    const { socket, connection, errors } = connectClient();
    socket.emit('error', new Error('reset'));
    await turn();
    expect(errors).toMatchObject([{ message: 'reset' }]);
    const closed = connectClient();
    closed.socket.emit('close');
    await turn();
    expect([connection.destroyed, closed.connection.destroyed]).toStrictEqual([true, true]);
  });
});
