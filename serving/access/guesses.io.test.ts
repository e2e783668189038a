import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { comeAndBeSilent } from '#backbone/doors/strangers.fixtures.ts';
import type { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import type { Served } from '../serving.fixtures.ts';
import { StreamReader } from '../stream/stream-reader.fixtures.ts';
import { type Ask, serveAsking, START, WRONG } from './access.fixtures.ts';
import { STRANGERS_OF_ADDRESS_MAX } from './doorkeeper.ts';

/** Two addresses of this machine: that of who guesses, and another. */
const GUESSER = '127.0.0.1';
const ADDRESSES = [GUESSER, '127.0.0.2'];
/** How long a good client may wait for its answer, on a busy machine, half of the time. */
const ANSWER_MS_MAX = 500;

let identity: IdentityHarness;
let served: Served;
let ask: Ask;

beforeEach(async () => {
  ({ identity, served, ask } = await serveAsking(() => START));
});

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose connections it uses; one of its own where it isn't given. */
  readonly agent?: Agent;
}

/** The status of an answer to who comes from an address. */
function askFrom(localAddress: string, token: string, { headers = {}, agent }: Asked = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${served.url}/api/v1/${'upgrade' in headers ? 'stream' : 'views'}`, {
      localAddress,
      agent: agent ?? false,
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
    asked.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode!)));
    asked.on('error', reject);
    asked.end();
  });
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
};

/** Asks with a right token from each address in turn until it is over; gives how long each answer took, in ms. */
async function askUntil(token: string, isOver: () => boolean): Promise<readonly number[][]> {
  const took: number[][] = ADDRESSES.map(() => []);
  do {
    for (const [i, address] of ADDRESSES.entries()) {
      const startMs = performance.now();
      expect(await askFrom(address, token)).toBe(200);
      took[i]!.push(performance.now() - startMs);
    }
  } while (!isOver());
  return took;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const counted = (metrics: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]);

describe('a right token', () => {
  it('is not held up by 10,000 wrong ones, at the API and the stream, which wait, are counted, and noted', async () => {
    const token = await identity.add('one');
    const statuses: number[] = [];
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    let begun = 0;
    const guessOn = async (): Promise<void> => {
      while (begun < 10_000)
        statuses.push(await askFrom(GUESSER, WRONG, begun++ % 10 === 0 ? { headers: UPGRADE } : { agent }));
    };
    let isOver = false;
    const guessing = Promise.all(Array.from({ length: 16 }, guessOn)).finally(() => (isOver = true));
    const took = await askUntil(token, () => isOver);
    await guessing;
    for (const ofAddress of took) expect(median(ofAddress)).toBeLessThan(ANSWER_MS_MAX);
    const heard = statuses.filter((status) => status === 401).length;
    expect(statuses.filter((status) => status === 429)).toHaveLength(statuses.length - heard);
    expect(heard).toBeLessThan(20);
    const metrics = await (await ask('/metrics', token)).text();
    expect(counted(metrics, 'weir_serving_refused_total\\{why="unknown"\\}')).toBe(heard);
    expect(counted(metrics, 'weir_serving_refused_total\\{why="later"\\}')).toBe(statuses.length - heard);
    expect(identity.audit.entries.filter(({ kind }) => kind === 'refused')).toHaveLength(statuses.length);
  }, 120_000);

  it('is heard while its address and others hold all the connections that they get without one', async () => {
    const token = await identity.add('one');
    await using stream = await StreamReader.open(served.url, { authorization: `Bearer ${token}` });
    const silent: Socket[] = [];
    for (const address of ADDRESSES)
      silent.push(...(await comeAndBeSilent(served.serving.port, STRANGERS_OF_ADDRESS_MAX, address)));
    const took = await askUntil(token, () => true);
    for (const ofAddress of took) expect(median(ofAddress)).toBeLessThan(ANSWER_MS_MAX);
    const metrics = await (await ask('/metrics', token)).text();
    expect(counted(metrics, 'weir_serving_strangers_cut_total')).toBe(ADDRESSES.length);
    await expect.poll(() => silent.filter(({ closed }) => closed).length).toBe(ADDRESSES.length);
    expect(stream.socket.readyState).toBe(stream.socket.OPEN);
  });
});
