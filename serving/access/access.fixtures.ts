import { onTestFinished } from 'vitest';
import { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import { makeToken } from '#core/identity/token.ts';
import type { View } from '#core/views/view.ts';
import type { AgentOrders, ServingOptions } from '../http/options.ts';
import { type Served, serveWorld } from '../serving.fixtures.ts';
import { World, type WorldReading } from '../world.fixtures.ts';

export const START = Date.UTC(2026, 0, 1);

/** A reading, so many minutes after START. */
export function at(minute: number, device: string): WorldReading {
  return { device, atMs: START + minute * 60_000, value: 5 };
}

export const WINDOWS = '/api/v1/views/power-by-region/windows?from=2026-01-01&to=2026-01-02&window=1h&stats=count';

/** Declared beside the one of the world, and never open. */
const SECRET: View = { name: 'secret', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

/** Has the form of a token, and is none. */
export const WRONG = makeToken('token', (bytes) => new Uint8Array(bytes)).text;

const done = { kind: 'done', changed: true, series: 1 } as const;
const ORDERS: AgentOrders = {
  readmit: () => Promise.resolve(done),
  retire: () => Promise.resolve(done),
  handOver: () => Promise.resolve(done),
  giveUp: () => Promise.resolve(done),
  endSeries: () => Promise.resolve(done),
};

/** Sends a request, with a token where one is given; follows no redirect. */
export type Ask = (path: string, token?: string, init?: RequestInit) => Promise<Response>;

/** A serving node that asks who comes, over readings of two regions. */
export interface Asking {
  readonly identity: IdentityHarness;
  readonly world: World;
  readonly served: Served;
  readonly ask: Ask;
}

/** Serves until the test is over. */
export async function serveAsking(clock: () => number, changed: Partial<ServingOptions> = {}): Promise<Asking> {
  const identity = await IdentityHarness.open(clock);
  onTestFinished(() => identity[Symbol.asyncDispose]());
  const world = await World.open();
  await world.deliver('a', [at(0, 'm1@north'), at(1, 'm1@north'), at(0, 'm2@south')]);
  const served = await serveWorld(world, {
    views: [world.view, SECRET],
    orders: ORDERS,
    backup: (write) => write(new Uint8Array(1)),
    stores: { names: () => ['influx'], rebuild: () => Promise.resolve({}) },
    clock,
    identity: { known: identity.known, audit: identity.audit, isSecure: false },
    ...changed,
  });
  onTestFinished(() => served[Symbol.asyncDispose]());
  const ask: Ask = (path, token, init = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { connection: 'close', ...authorization, ...(init.headers as Record<string, string>) };
    return fetch(served.url + path, { redirect: 'manual', ...init, headers });
  };
  return { identity, world, served, ask };
}
