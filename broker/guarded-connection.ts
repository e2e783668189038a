import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { InFlightLimit, Permit } from '#backbone/flow/in-flight-limit.ts';
import { PACKET_HEAD_BYTES_MAX } from '#core/wire/mqtt-head.ts';
import {
  CLIENT_IN_FLIGHT_BYTES_MAX,
  CLIENT_IN_FLIGHT_MAX,
  CONTROL_PACKETS_MAX,
  FINISH_TIMEOUT_MS,
  PACKET_TIMEOUT_MS,
} from './limits.ts';
import { judgePacket, PacketCut } from './packet-guard.ts';

/** Why nothing is let through: nobody knows yet who it is; too much is in flight of all clients, of this one; the parser is behind; the broker stops. */
type Hindrance = 'stranger' | 'limit' | 'client' | 'reader' | 'hold';

/** Who is at the other end of a socket, as far as the socket tells. */
export interface Peer {
  readonly address: string;
  /** 0 where it had gone before it was looked at. */
  readonly port: number;
  /** The common name of a certificate that it showed and that was verified. */
  readonly certified: string | undefined;
}

interface HeldPacket {
  readonly bytes: number;
  readonly permit: Permit;
}

/**
 * What stands between a socket and the MQTT parser: it looks at the head of every packet and lets nothing through that
 * {@link judgePacket} cuts off, nor a PUBLISH while too much is in flight, of this client or of all clients.
 *
 * The permit for a whole packet is taken when its length is known and released by `answered()`, in order, when the
 * packet was acknowledged, or when the connection ends. So what a broker holds of all its clients is bounded, and
 * packets that began can always be completed. Behind CONNECT nothing is read until `letIn()`, so that strangers take no permits. While there is no permit, or too many other packets wait for the parser, the
 * socket isn't read, and TCP makes the client wait.
 */
export class GuardedConnection extends Duplex {
  readonly peer: Peer;
  readonly #socket: Duplex;
  readonly #allInFlight: InFlightLimit;
  readonly #held: HeldPacket[] = [];
  /** How many of those held, the oldest, are being stored. */
  #taken = 0;
  #heldBytes = 0;
  /** What was read from the socket and not yet let through; empty unless something is waited for. */
  #rest: Uint8Array = new Uint8Array(0);
  #waiting: 'no' | Hindrance = 'no';
  #permitAwaited: Permit | undefined;
  /** The first bytes of a fixed header whose end hasn't come yet. */
  #header: Uint8Array = new Uint8Array(0);
  #packetBytesLeft = 0;
  #packetDueAt = Number.POSITIVE_INFINITY;
  #first = true;
  #isIn = false;
  #controlPacketsUnread = 0;
  #tookLeave = false;

  /** `socket` is the peer's own, or what comes by WebSocket through it. */
  constructor(socket: Duplex, peer: Peer, allInFlight: InFlightLimit) {
    super({ readableHighWaterMark: CLIENT_IN_FLIGHT_BYTES_MAX });
    this.peer = peer;
    this.#socket = socket;
    this.#allInFlight = allInFlight;
    socket.on('data', (chunk: Uint8Array) => {
      assert(this.#rest.length === 0, 'a paused socket gives no data');
      this.#rest = chunk;
      this.#advance();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Packets of this connection that were let through and not yet answered. */
  get inFlight(): number {
    return this.#held.length;
  }

  /** Who connects is known: what it sends from now on is let through. */
  letIn(): void {
    this.#isIn = true;
    if (this.#waiting === 'stranger') this.#goOn();
  }

  /** A PUBLISH is being stored: until it is answered it holds its bytes, also where the connection ends before. */
  taken(): void {
    this.#taken++;
  }

  /** Releases the permit of the oldest PUBLISH. Called once for each, in their order. */
  answered(): void {
    const packet = this.#held.shift();
    // A connection that has ended gave back at once what nobody had taken.
    if (packet === undefined) return;
    this.#taken = Math.max(0, this.#taken - 1);
    this.#heldBytes -= packet.bytes;
    packet.permit.release();
    if (this.#waiting === 'client') this.#goOn();
  }

  /** True once the client has said that it goes (a DISCONNECT came through). */
  get tookLeave(): boolean {
    return this.#tookLeave;
  }

  /** Lets nothing more through, for good. */
  hold(): void {
    this.#wait('hold');
  }

  /** Ends the connection after what is still to be written, or at once where the client doesn't take it in time. */
  async finish(): Promise<void> {
    if (this.destroyed) return;
    const closed = once(this, 'close');
    const deadline = setTimeout(() => this.destroy(), FINISH_TIMEOUT_MS);
    this.end(() => this.destroy());
    await closed;
    clearTimeout(deadline);
  }

  /** Ends the connection when the packet that is coming has been coming for too long. `nowMs` as of `performance.now`. */
  cutIfStalled(nowMs: number): void {
    if (nowMs < this.#packetDueAt) return;
    this.destroy(new PacketCut('packet-stalled', `a PUBLISH did not arrive whole within ${PACKET_TIMEOUT_MS} ms`));
  }

  /** The parser takes all there is with one call; from then on what it took is its own to bound. */
  override read(size?: number): unknown {
    const chunk: unknown = super.read(size);
    if (chunk === null) return chunk;
    this.#controlPacketsUnread = 0;
    // Not now: the parser is in the middle of its own reading.
    if (this.#waiting === 'reader') process.nextTick(() => this.#waiting === 'reader' && this.#goOn());
    return chunk;
  }

  override _read(): void {
    // Data is pushed as it comes; what holds it back is what is in flight, not the parser's asking.
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#afterWrite(this.#socket.write(chunk), done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    let flushed = true;
    this.#socket.cork();
    for (const { chunk } of chunks) flushed = this.#socket.write(chunk);
    this.#socket.uncork();
    this.#afterWrite(flushed, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#rest = new Uint8Array(0);
    this.#packetDueAt = Number.POSITIVE_INFINITY;
    this.#permitAwaited?.release();
    for (const { permit } of this.#held.splice(this.#taken)) permit.release();
    this.#socket.destroy();
    done(error);
  }

  #afterWrite(flushed: boolean, done: () => void): void {
    if (flushed || this.#socket.destroyed) done();
    else this.#socket.once('drain', done);
  }

  #goOn(): void {
    this.#waiting = 'no';
    if (this.destroyed) return;
    this.#advance();
    if (this.#waiting === 'no' && !this.destroyed) this.#socket.resume();
  }

  #wait(reason: Hindrance): void {
    this.#waiting = reason;
    this.#socket.pause();
  }

  /** Lets through as much of what was read as may be. */
  #advance(): void {
    while (this.#waiting === 'no' && this.#rest.length > 0) {
      if (this.#packetBytesLeft > 0) this.#passBody();
      else if (!this.#first && !this.#isIn) this.#wait('stranger');
      else if (!this.#passHeader()) return;
    }
  }

  #passBody(): void {
    const bytes = Math.min(this.#packetBytesLeft, this.#rest.length);
    this.#packetBytesLeft -= bytes;
    if (this.#packetBytesLeft === 0) this.#packetDueAt = Number.POSITIVE_INFINITY;
    const body = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    this.push(body);
  }

  /** Judges the packet that begins at the rest; false where there is nothing more to do now. */
  #passHeader(): boolean {
    const carried = this.#header.length;
    const header =
      carried === 0 ? this.#rest : Buffer.concat([this.#header, this.#rest.subarray(0, PACKET_HEAD_BYTES_MAX)]);
    const judgement = judgePacket(header, this.#first);
    if (judgement.kind === 'incomplete') {
      this.#header = header.slice();
      this.#rest = new Uint8Array(0);
      return false;
    }
    if (judgement.kind === 'cut') {
      this.destroy(new PacketCut(judgement.code, judgement.message));
      return false;
    }
    if (judgement.publish ? !this.#admit(judgement.packetBytes) : !this.#mayQueue()) return false;
    if (carried > 0) this.push(this.#header);
    this.#header = new Uint8Array(0);
    this.#packetBytesLeft = judgement.packetBytes - carried;
    if (judgement.publish) this.#packetDueAt = performance.now() + PACKET_TIMEOUT_MS;
    this.#first = false;
    this.#tookLeave ||= judgement.disconnect;
    return true;
  }

  #mayQueue(): boolean {
    if (this.#controlPacketsUnread >= CONTROL_PACKETS_MAX) {
      this.#wait('reader');
      return false;
    }
    this.#controlPacketsUnread++;
    return true;
  }

  /** Takes a permit for a PUBLISH, or waits for it; afterwards the packet is judged again with the permit in hand. */
  #admit(bytes: number): boolean {
    const granted = this.#permitAwaited;
    this.#permitAwaited = undefined;
    if (granted !== undefined) return this.#hold(bytes, granted);
    if (this.#held.length >= CLIENT_IN_FLIGHT_MAX || this.#heldBytes + bytes > CLIENT_IN_FLIGHT_BYTES_MAX) {
      this.#wait('client');
      return false;
    }
    const permit = this.#allInFlight.take(
      bytes,
      () => this.#waiting === 'limit' && this.#goOn(),
      (reason) => this.destroy(reason),
    );
    if (permit.isGranted) return this.#hold(bytes, permit);
    this.#permitAwaited = permit;
    this.#wait('limit');
    return false;
  }

  #hold(bytes: number, permit: Permit): true {
    this.#held.push({ bytes, permit });
    this.#heldBytes += bytes;
    return true;
  }
}

/** Who is at the other end, as far as a socket tells. */
export function peerOf(socket: Socket): Peer {
  const { remoteAddress: address = '', remotePort: port = 0 } = socket;
  return { address, port, certified: certifiedName(socket) };
}

/** Several names are none: which one an authority meant nobody knows. */
function certifiedName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}
