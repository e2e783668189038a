/** A stand-in of what the view store asks of InfluxDB, and a feed of slices, for tests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AnsweredSlice, FeedMark, SliceFeed, SliceFollower, SlicePiece } from '#backbone/answers/slice-feed.ts';

/** How a request is answered: by a status, with what else is said, or not at all. */
export interface Answer {
  readonly status: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Points by measurement, tags and time, as InfluxDB keeps them: of equal ones the last. */
export class StandIn implements AsyncDisposable {
  readonly points = new Map<string, string>();
  readonly requests: { readonly path: string; readonly token: string | undefined; readonly lines: number }[] = [];
  /** What the next requests are answered with instead; `cut` ends the connection. */
  readonly answers: (Answer | 'cut')[] = [];
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  /** Requests that are under way, and the most there ever were. */
  underWay = 0;
  underWayMost = 0;

  private constructor(server: Server, scheme: 'http' | 'https') {
    this.#server = server;
    this.#scheme = scheme;
  }

  /** With a pair it speaks TLS. */
  static async start(pair?: { readonly cert: string; readonly key: string }): Promise<StandIn> {
    const take = (request: IncomingMessage, response: ServerResponse): void => void standIn.#take(request, response);
    const server = pair === undefined ? createServer(take) : createTlsServer(pair, take);
    const standIn = new StandIn(server, pair === undefined ? 'http' : 'https');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay++;
    this.underWayMost = Math.max(this.underWayMost, this.underWay);
    const body = await text(request);
    this.underWay--;
    const { pathname } = new URL(request.url!, this.url);
    const lines = body.split('\n');
    this.requests.push({ path: pathname, token: request.headers.authorization, lines: lines.length });
    const answer = this.answers.shift();
    if (answer === 'cut') return void request.socket.destroy();
    if (answer !== undefined) {
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      return void response.end(JSON.stringify({ code: 'x', message: answer.message ?? 'no reason' }));
    }
    if (pathname === '/api/v2/delete') {
      const { predicate, start, stop } = JSON.parse(body) as Readonly<Record<'predicate' | 'start' | 'stop', string>>;
      const said = [...predicate.matchAll(/(\w+)"?="([^"]+)"/g)].map(([, name, value]) => [name!, value!] as const);
      const measurement = said[0]![1];
      const tags = said.slice(1);
      for (const key of this.points.keys()) {
        const [series, atMs] = key.split(' ') as [string, string];
        const isOf = series.startsWith(`${measurement},`) && tags.every((tag) => series.includes(`,${tag.join('=')}`));
        if (isOf && Number(atMs) >= Date.parse(start) && Number(atMs) < Date.parse(stop)) this.points.delete(key);
      }
    } else for (const line of lines) this.points.set(`${line.split(' ')[0]} ${line.split(' ').at(-1)}`, line);
    response.writeHead(204);
    response.end();
  }
}

/** Slices of a view that a test changes. */
export class ToldView implements SliceFollower {
  readonly followed = {
    view: { name: 'power', metric: 'power', by: ['device'], where: {}, sliceMs: 60_000 },
    version: 1,
    statistics: ['count'],
  };
  startsOver = true;
  /** How many slices there are, and which of them are to be told. */
  readonly counts = new Map<number, number>();
  readonly waiting = new Set<number>();
  readonly taken = new Set<readonly number[]>();
  pieceMax = 3;
  changed: () => void = () => undefined;

  get isWhole(): boolean {
    return !this.startsOver && this.untold === 0;
  }

  get untold(): number {
    return this.waiting.size + [...this.taken].reduce((sum, { length }) => sum + length, 0);
  }

  put(slice: number, count: number): void {
    this.counts.set(slice, count);
    this.waiting.add(slice);
    this.changed();
  }

  /** Has a slice hold nothing any more. */
  empty(slice: number): void {
    this.counts.delete(slice);
    this.waiting.add(slice);
    this.changed();
  }

  cleared(): void {
    this.startsOver = false;
  }

  restart(): void {
    this.startsOver = true;
    this.taken.clear();
    for (const slice of this.counts.keys()) this.waiting.add(slice);
    this.changed();
  }

  async next(): Promise<SlicePiece | undefined> {
    await Promise.resolve();
    const slices = [...this.waiting].slice(0, this.pieceMax);
    if (slices.length === 0) return undefined;
    const held = slices.filter((slice) => this.counts.has(slice));
    const gone = slices.filter((slice) => !this.counts.has(slice));
    for (const slice of slices) this.waiting.delete(slice);
    this.taken.add(slices);
    const told = held.map((slice) => this.#answer(slice));
    return {
      count: told.length,
      slices: () => told,
      gone: gone.map((slice) => ({ startMs: slice * 60_000, tags: ['a'] })),
      done: () => void this.taken.delete(slices),
      putBack: () => {
        if (this.taken.delete(slices)) for (const slice of slices) this.waiting.add(slice);
      },
    };
  }

  /** What is told already, as a mark: what waits or is taken is untold. */
  mark(): FeedMark {
    const untold = [...this.waiting, ...[...this.taken].flat()].toSorted((a, b) => a - b);
    return {
      version: 1,
      asOf: { positions: [], agents: [] },
      untold: { allFrom: null, groups: [['["a"]', untold.flatMap((slice) => [slice, slice + 1])]] },
      ...(this.startsOver ? { startsOver: true } : {}),
    };
  }

  [Symbol.dispose](): void {
    this.changed = () => undefined;
  }

  #answer(slice: number): AnsweredSlice {
    const count = String(this.counts.get(slice));
    const judged = { completeness: 1, final: true, pending: false, revision: 1 };
    return { startMs: slice * 60_000, tags: ['a'], value: () => count, ...judged, state: () => Uint8Array.of(2, 0) };
  }
}

/** A feed of one view. */
export function feedOf(view: ToldView): SliceFeed {
  return {
    follow: (_name, _mark, changed) => {
      view.changed = changed;
      return view;
    },
  };
}
