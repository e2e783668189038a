import { WebSocket } from 'ws';

/** How many readings a subscriber is told of, of one region on all days. */
export class ToldCount implements Disposable {
  readonly #socket: WebSocket;
  readonly #counts = new Map<string, number>();
  readonly #awaited: { readonly count: number; readonly resolve: (atMs: number) => void }[] = [];
  #told = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Subscribes to a view by region; resolves with the first answer. */
  static async open(url: string, view: string, region: string): Promise<ToldCount> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`);
    const told = new ToldCount(socket);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on('error', reject);
    socket.on('open', () => {
      const where = { region: [region] };
      socket.send(JSON.stringify({ type: 'subscribe', id: 'day', view, window: '1d', stats: ['count'], where }));
    });
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as StreamMessage;
      if (message.type === 'error') reject(new Error(data.toString()));
      told.#take(message);
      resolve();
    });
    await promise;
    return told;
  }

  get count(): number {
    return this.#told;
  }

  /** When so many were told, as of `performance.now`. */
  async reach(count: number): Promise<number> {
    if (this.#told >= count) return performance.now();
    return new Promise((resolve) => this.#awaited.push({ count, resolve }));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #take({ windows = [] }: StreamMessage): void {
    for (const { start, stats } of windows) {
      this.#told += stats.count - (this.#counts.get(start) ?? 0);
      this.#counts.set(start, stats.count);
    }
    const now = performance.now();
    for (let i = this.#awaited.length - 1; i >= 0; i--) {
      if (this.#awaited[i]!.count <= this.#told) this.#awaited.splice(i, 1)[0]!.resolve(now);
    }
  }
}

interface StreamMessage {
  readonly type: string;
  readonly windows?: readonly { readonly start: string; readonly stats: { readonly count: number } }[];
}
