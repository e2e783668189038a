import { WebSocket } from 'ws';
import type { Machine } from '../platform/machine.ts';
import { readAnswer, type ToldAnswer, type ToldWindow } from '../truth/answer.ts';

/** How long after the end of a stream it is opened again. */
const REOPEN_MS = 1_000;
/** Servers ping every half minute: a stream without a ping for so long is dead. */
export const SILENCE_MS = 40_000;

export interface Watched {
  readonly host: string;
  readonly port: number;
  readonly view: string;
  readonly window: string;
  readonly stats: readonly string[];
}

interface StreamMessage extends ToldAnswer {
  readonly type: 'snapshot' | 'changes' | 'error';
  readonly gone?: readonly Pick<ToldWindow, 'start' | 'tags'>[];
}

/**
 * A reader of the stream that keeps the windows of a view as it is told of them: a snapshot, then changes. When the
 * stream ends it opens another one and goes on from the position that it was told last.
 */
export class Watcher {
  readonly watched: Watched;
  readonly #machine: Machine;
  readonly #complain: (what: string) => void;
  readonly #windows = new Map<string, ToldWindow>();
  #position: string | undefined;
  #socket: WebSocket | undefined;
  #isStalled = false;
  /** Messages that were told. */
  told = 0;
  resumed = 0;

  constructor(machine: Machine, watched: Watched, complain: (what: string) => void) {
    this.watched = watched;
    this.#machine = machine;
    this.#complain = complain;
    const life = machine.life ?? machine.start();
    life.run(() => this.#open());
  }

  get windows(): readonly ToldWindow[] {
    return [...this.#windows.values()];
  }

  /** Takes nothing from the stream for a while. */
  stall(forMs: number): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    this.#isStalled = true;
    socket.pause();
    this.#machine.scheduler.after(forMs, this.#machine.life, () => {
      this.#isStalled = false;
      socket.resume();
    });
  }

  #open(): void {
    const { host, port, view, window, stats } = this.watched;
    const dialled = this.#machine.network.dial(host, port);
    dialled.on('error', () => undefined);
    const socket = new WebSocket(`ws://${host}:${port}/api/v1/stream`, {
      createConnection: () => dialled as never,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      headers: { host: `localhost:${port}` },
    });
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('open', () => {
      const resume = this.#position === undefined ? {} : { resume: this.#position };
      if (this.#position !== undefined) this.resumed++;
      socket.send(JSON.stringify({ type: 'subscribe', id: 'w', view, window, stats, ...resume }));
    });
    socket.on('message', (data: Buffer) => this.#take(data.toString()));
    let heard = true;
    socket.on('ping', () => (heard = true));
    // A machine without power says no goodbye: silence is how a reader learns of it.
    const listening = setInterval(() => {
      if (!heard && !this.#isStalled) socket.terminate();
      heard = false;
    }, SILENCE_MS);
    socket.on('close', () => {
      clearInterval(listening);
      setTimeout(() => this.#open(), REOPEN_MS);
    });
  }

  #take(text: string): void {
    const message = readAnswer(text) as StreamMessage;
    this.told++;
    // Before its view is open a server says so; a reader asks again.
    if (message.type === 'error') {
      if (!/not open|not ready|not there yet|has edges inside slices/.test(text))
        this.#complain(`the stream says ${text}`);
      this.#socket?.terminate();
      return;
    }
    if (message.type === 'snapshot') this.#windows.clear();
    this.#position = message.position;
    for (const window of message.windows) this.#windows.set(nameOf(window), window);
    for (const one of message.gone ?? []) this.#windows.delete(nameOf(one));
  }
}

function nameOf({ start, tags }: Pick<ToldWindow, 'start' | 'tags'>): string {
  return JSON.stringify([start, tags]);
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
