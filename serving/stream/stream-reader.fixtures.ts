import { WebSocket } from 'ws';
import { readAnswer, type ReadWindow } from '../serving.fixtures.ts';

/** A message of the stream, its statistics as texts. */
export interface StreamMessage {
  readonly type: 'snapshot' | 'changes' | 'error';
  readonly id?: string;
  readonly position: string;
  readonly freshness: string | null;
  readonly windows: readonly ReadWindow[];
  readonly gone?: readonly Pick<ReadWindow, 'start' | 'tags'>[];
  readonly problem?: { readonly subject: string; readonly detail: string };
}

/** A reader of the stream that keeps what it is told, and waits for what it is told next. */
export class StreamReader implements AsyncDisposable {
  readonly messages: StreamMessage[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.messages.push(readAnswer(data.toString()) as unknown as StreamMessage);
      this.#wake();
    });
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
  }

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<StreamReader> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, { headers });
    const reader = new StreamReader(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_, response) => reject(new Error(`refused with ${response.statusCode}`)));
      socket.once('error', reject);
    });
    return reader;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message, from now or before, that fulfils the condition. */
  async until(fulfils: (message: StreamMessage) => boolean): Promise<StreamMessage> {
    for (let i = 0; ; i++) {
      while (i >= this.messages.length) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (fulfils(this.messages[i]!)) return this.messages[i]!;
    }
  }

  /** The windows as a reader holds them who applies every message of an id. */
  windowsOf(id: string): ReadonlyMap<string, ReadWindow> {
    let windows = new Map<string, ReadWindow>();
    for (const message of this.messages) {
      if (message.id !== id || message.type === 'error') continue;
      if (message.type === 'snapshot') windows = new Map();
      for (const window of message.windows) windows.set(nameOf(window), window);
      for (const one of message.gone ?? []) windows.delete(nameOf(one));
    }
    return windows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

function nameOf({ start, tags }: Pick<ReadWindow, 'start' | 'tags'>): string {
  return `${start} ${JSON.stringify(tags)}`;
}
