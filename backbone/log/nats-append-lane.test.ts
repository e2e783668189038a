import { describe, expect, it } from 'vitest';
import { API_CODE } from '../nats/nats-connection.ts';
import { LogFull } from './log-errors.ts';
import { ACK_TIMEOUT_MS, NatsAppendLane, parseStoreAnswer, REFUSAL_REST_MS } from './nats-append-lane.ts';

/** A lane whose server is the test: what was published is written down, time and connection are set by hand. */
function makeLane() {
  const published: string[] = [];
  const world = { nowMs: 0, connected: true };
  const lane = new NatsAppendLane({
    connection: {
      get info() {
        return world.connected ? {} : undefined;
      },
      publish: (_subject, payload, options) => {
        const token = options?.reply?.split('.').at(-1);
        published.push(`${token}:${String.fromCharCode(...(payload as Uint8Array))}`);
      },
    },
    place: 'nowhere',
    subject: 'log.0',
    inbox: 'inbox.0',
    partition: 0,
    nowMs: () => world.nowMs,
  });
  const outcomes: string[] = [];
  const append = (letter: string): void =>
    lane.append(
      Uint8Array.of(letter.charCodeAt(0)),
      (position) => outcomes.push(`${letter}@${position}`),
      (error) => outcomes.push(`${letter} ${error instanceof Error ? error.name : String(error)}`),
    );
  return { lane, append, published, outcomes, world };
}

const refusal = { kind: 'refused', apiCode: 0, description: 'no responders' } as const;

describe('an append lane', () => {
  it('sends records as they come and settles them by their acknowledgements', () => {
    const { lane, append, published, outcomes } = makeLane();
    for (const letter of 'abc') append(letter);
    expect(published).toEqual(['1:a', '2:b', '3:c']);
    lane.acknowledge(1, { kind: 'stored', position: 10 });
    lane.acknowledge(3, { kind: 'stored', position: 12 });
    expect(outcomes).toEqual(['a@10', 'c@12']);
    expect(lane.isEmpty).toBe(false);
  });

  it('holds back while the connection is lost, then sends the unacknowledged again, in order, and the new after them', () => {
    const { lane, append, published, outcomes } = makeLane();
    for (const letter of 'abc') append(letter);
    lane.acknowledge(1, { kind: 'stored', position: 1 });
    lane.disconnected();
    append('d');
    expect(published).toHaveLength(3);
    lane.reconnected();
    expect(published.slice(3)).toEqual(['2:b', '3:c', '4:d']);
    lane.acknowledge(2, { kind: 'stored', position: 2 });
    lane.acknowledge(2, { kind: 'stored', position: 4 });
    expect(outcomes).toEqual(['a@1', 'b@2']);
  });

  it('hands nothing to a client that is dialling, which would send it before what is sent again', () => {
    const { lane, append, published, world } = makeLane();
    world.connected = false;
    append('a');
    expect(published).toEqual([]);
    world.connected = true;
    lane.disconnected();
    lane.reconnected();
    expect(published).toEqual(['1:a']);
  });

  it('rests after a refusal that may pass, then sends again what is still unacknowledged', () => {
    const { lane, append, published, world } = makeLane();
    for (const letter of 'abc') append(letter);
    lane.acknowledge(1, refusal);
    append('d');
    lane.acknowledge(2, { kind: 'stored', position: 1 });
    lane.tick();
    expect(published).toHaveLength(3);
    world.nowMs = REFUSAL_REST_MS;
    lane.tick();
    expect(published.slice(3)).toEqual(['1:a', '3:c', '4:d']);
  });

  it('rests twice as long after each further refusal, up to five seconds, until one is stored', () => {
    const { lane, append, published, world } = makeLane();
    append('a');
    /** How long the lane rests after a refusal, in milliseconds. */
    const restAfterRefusal = (token: number): number => {
      lane.acknowledge(token, refusal);
      const [sent, fromMs] = [published.length, world.nowMs];
      while (published.length === sent) {
        world.nowMs++;
        lane.tick();
      }
      return world.nowMs - fromMs;
    };
    const rests = Array.from({ length: 8 }, () => restAfterRefusal(1));
    expect(rests).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    append('b');
    lane.acknowledge(1, { kind: 'stored', position: 1 });
    expect(restAfterRefusal(2)).toBe(100);
  });

  it('lengthens a rest by no more than one of the refusals that come in meanwhile', () => {
    const { lane, append, published, world } = makeLane();
    for (const letter of 'abc') append(letter);
    for (const token of [1, 2, 3]) lane.acknowledge(token, refusal);
    world.nowMs = REFUSAL_REST_MS;
    lane.tick();
    expect(published.slice(3)).toEqual(['1:a', '2:b', '3:c']);
  });

  it('does not end by its clock what only a connection ends', () => {
    const { lane, append, published, world } = makeLane();
    append('a');
    lane.disconnected();
    world.nowMs = Number.MAX_SAFE_INTEGER;
    lane.tick();
    expect(published).toHaveLength(1);
  });

  it('waits twice as long each time that nothing comes back, up to a minute, until something does', () => {
    const { lane, append, published, world } = makeLane();
    append('a');
    append('b');
    const waits: number[] = [];
    const wait = (): number => {
      const [sent, fromMs] = [published.length, world.nowMs];
      while (published.length === sent) {
        world.nowMs += 1_000;
        lane.tick();
      }
      return world.nowMs - fromMs;
    };
    for (let i = 0; i < 4; i++) waits.push(wait());
    // A tick a second: each limit is passed at the first tick after it.
    expect(waits).toEqual([11_000, 21_000, 41_000, 61_000]);
    expect(wait()).toBe(61_000);
    lane.acknowledge(1, { kind: 'stored', position: 1 });
    expect(wait()).toBe(11_000);
  });

  it('sends again what has waited too long, less often each time', () => {
    const { lane, append, published, world } = makeLane();
    append('a');
    world.nowMs = ACK_TIMEOUT_MS;
    lane.tick();
    expect(published).toHaveLength(1);
    world.nowMs = ACK_TIMEOUT_MS + 1;
    lane.tick();
    expect(published).toHaveLength(2);
    world.nowMs += ACK_TIMEOUT_MS + 1;
    lane.tick();
    expect(published).toHaveLength(2);
    world.nowMs += ACK_TIMEOUT_MS;
    lane.tick();
    expect(published).toHaveLength(3);
  });

  it('gives a record back that the server has no room for, and sends the others on', () => {
    const { lane, append, published, outcomes } = makeLane();
    append('a');
    lane.acknowledge(1, { kind: 'refused', apiCode: API_CODE.storeFailed, description: 'maximum bytes exceeded' });
    append('b');
    expect(outcomes).toEqual([`a ${LogFull.name}`]);
    expect(published).toEqual(['1:a', '2:b']);
  });

  it.each([
    ['there is no room on its disk', API_CODE.insufficientResources, 'LogFull'],
    ['its storage is used up', API_CODE.storageExceeded, 'LogFull'],
    ['its memory is used up', API_CODE.memoryExceeded, 'LogFull'],
    ['the account has no more', API_CODE.accountResourcesExceeded, 'LogFull'],
    ['the message is too large for it', API_CODE.messageTooLarge, 'TooLarge'],
  ])('gives a record back when the server says that %s', (_what, apiCode, name) => {
    const { lane, append, outcomes } = makeLane();
    append('a');
    lane.acknowledge(1, { kind: 'refused', apiCode, description: 'no' });
    expect(outcomes).toEqual([`a ${name}`]);
    expect(lane.isEmpty).toBe(true);
  });

  it('keeps a record whose store was just being closed', () => {
    const { lane, append, outcomes } = makeLane();
    append('a');
    lane.acknowledge(1, { kind: 'refused', apiCode: API_CODE.storeFailed, description: 'store is closed' });
    expect(outcomes).toEqual([]);
    expect(lane.isEmpty).toBe(false);
  });

  it('gives back everything when it is given up', () => {
    const { lane, append, outcomes } = makeLane();
    append('a');
    append('b');
    lane.fail(new Error('over'));
    expect(outcomes).toEqual(['a Error', 'b Error']);
    expect(lane.isEmpty).toBe(true);
  });
});

describe('an answer of JetStream', () => {
  it('with a sequence says where the record is', () => {
    expect(parseStoreAnswer('{"stream":"weir-log-0","seq":5,"duplicate":true}')).toEqual({
      kind: 'stored',
      position: 5,
    });
  });

  it('with an error says why it is not there, whatever else it holds', () => {
    const text = '{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"s","seq":0}';
    expect(parseStoreAnswer(text)).toEqual({ kind: 'refused', apiCode: 10077, description: 'maximum bytes exceeded' });
  });

  it('that makes no sense is a refusal that may pass', () => {
    for (const text of ['', '{', 'null', '{}', '[]', '{"error":1}']) {
      expect(parseStoreAnswer(text)).toMatchObject({ kind: 'refused', apiCode: 0 });
    }
  });
});
