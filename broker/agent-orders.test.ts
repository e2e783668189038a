import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { PartitionFold } from '#core/fold/partition-fold.ts';
import { SampleAgent } from '#core/fold/sample-agent.fixtures.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import { AgentOrders } from './agent-orders.ts';
import { SeriesClaims } from './claims.ts';

const ONLINE = 'online';

describe('orders about agents', () => {
  let fold: PartitionFold;
  let claims: SeriesClaims;
  let orders: AgentOrders;
  /** Kinds of the orders in the log. */
  let logged: string[];
  /** Agents that have to be looked at anew. */
  let ordered: string[];
  /** Agents of which a series is ended. */
  let told: string[];

  beforeEach(() => {
    fold = new PartitionFold();
    logged = [];
    ordered = [];
    told = [];
    claims = new SeriesClaims(new MemoryKeyValue());
    const admitted = (agent: string) => fold.admission.agentNamed(agent)?.ledger;
    orders = new AgentOrders({
      log: {
        partitions: 1,
        append: (_, bytes) => {
          const record = decodeRecord(bytes);
          if (record.kind === 'order') logged.push(`${record.agent} ${record.order.kind}`);
          fold.apply(fold.position + 1, record);
          return Promise.resolve(fold.position);
        },
      },
      claims,
      clock: () => 5,
      isOnline: (agent) => agent === ONLINE,
      onSeriesEnded: (agent) => void told.push(agent),
      onOrdered: (agent) => ordered.push(agent),
      seriesOf: (agent) => fold.admission.agentNamed(agent)?.fold.entries ?? [],
      standingOf: (agent) => {
        const ledger = admitted(agent);
        if (ledger === undefined) return undefined;
        const { hasBegun, reachedMs, formerMs } = ledger;
        return { ...ledger.standing, hasBegun, reachedMs, formerMs, misses: (range) => ledger.misses(range) };
      },
    });
    for (const name of ['a', ONLINE]) fold.apply(fold.position + 1, decodeRecord(new SampleAgent(name, 1).birth()));
  });

  const standing = (agent: string) => fold.admission.agentNamed(agent)!.ledger.standing;

  it('readmit an agent once, until it has begun its next life', async () => {
    expect(await orders.readmit('a')).toMatchObject({ kind: 'done', changed: true });
    expect(await orders.readmit('a')).toMatchObject({ kind: 'done', changed: false });
    expect(logged).toEqual(['a readmit']);
    expect(ordered).toEqual(['a']);
    expect(standing('a')).toEqual({ life: 1, retired: false, handedTo: null });
    fold.apply(fold.position + 1, decodeRecord(new SampleAgent('a', 1).birth()));
    expect(await orders.readmit('a')).toMatchObject({ changed: true });
    expect(standing('a').life).toBe(2);
  });

  it('retire an agent until it speaks again', async () => {
    expect(await orders.retire('a')).toMatchObject({ kind: 'done', changed: true });
    expect(await orders.retire('a')).toMatchObject({ kind: 'done', changed: false });
    expect(standing('a').retired).toBe(true);
    const heartbeat = { incarnation: 1, highestSequence: 1, watermarkMs: null, closed: false };
    fold.apply(fold.position + 1, { kind: 'heartbeat', agent: 'a', atMs: 9, heartbeat });
    expect(standing('a').retired).toBe(false);
  });

  it('give up frames that are missing, once, of an agent that is connected too', async () => {
    const heartbeat = { incarnation: 1, highestSequence: 4, watermarkMs: 7, closed: false };
    fold.apply(fold.position + 1, { kind: 'heartbeat', agent: ONLINE, atMs: 9, heartbeat });
    const { ledger } = fold.admission.agentNamed(ONLINE)!;
    expect(ledger.progress()).toMatchObject({ watermarkMs: null, holes: true });
    const range = { incarnation: 1, from: 2, to: 99 };
    expect(await orders.giveUp(ONLINE, range)).toMatchObject({ kind: 'done', changed: true });
    expect(await orders.giveUp(ONLINE, range)).toMatchObject({ kind: 'done', changed: false });
    expect(logged).toEqual([`${ONLINE} give-up`]);
    expect(ledger.progress()).toEqual({ watermarkMs: 7, holes: false });
    expect(ledger.lost).toEqual({ ranges: [{ life: 0, incarnation: 1, from: 2, to: 4 }], count: 3 });
    expect(await orders.giveUp('nobody', range)).toEqual({ kind: 'refused', reason: 'unknown', agent: 'nobody' });
  });

  it('hand the series of an agent over, once, and back', async () => {
    await claims.claim('a', ['x', 'y']);
    await claims.claim('other', ['z']);
    expect(await orders.handOver('a', 'b')).toEqual({ kind: 'done', changed: true, series: 2 });
    expect(ordered).toEqual(['a', 'b']);
    expect(await orders.handOver('a', 'b')).toEqual({ kind: 'done', changed: false, series: 0 });
    expect(await claims.claim('b', ['x', 'y'])).toEqual({ kind: 'claimed' });
    expect(await claims.claim('a', ['y'])).toEqual({ kind: 'taken', owners: new Map([['y', 'b']]) });
    expect(await claims.claim('b', ['z'])).toEqual({ kind: 'taken', owners: new Map([['z', 'other']]) });
    const heartbeat = { incarnation: 1, highestSequence: 1, watermarkMs: null, closed: false };
    for (const agent of ['a', 'b']) fold.apply(fold.position + 1, { kind: 'heartbeat', agent, atMs: 9, heartbeat });
    expect(standing('a')).toEqual({ life: 0, retired: true, handedTo: 'b' });
    expect(await orders.handOver('b', 'a')).toEqual({ kind: 'done', changed: true, series: 2 });
    expect(standing('a')).toEqual({ life: 1, retired: false, handedTo: null });
    expect(standing('b').handedTo).toBe('a');
  });

  it('doubt what the heir of an agent tells of event time that this had reached, however often they are given', async () => {
    const [first, last] = [1_000_000, 1_060_000];
    const reporter = new SampleAgent('a', 1);
    reporter.birth();
    fold.apply(
      fold.position + 1,
      decodeRecord(
        reporter.readings([
          [0, first, 5],
          [0, last, 6],
        ])!,
      ),
    );
    await orders.handOver('a', 'b');
    await orders.handOver('a', 'b');
    expect(logged).toEqual(['a hand-over', 'b inherit']);
    await orders.handOver('b', 'c');
    for (const heir of ['b', 'c']) {
      const { ledger } = fold.admission.agentNamed(heir)!;
      expect(ledger.hasBegun).toBe(false);
      ledger.reach(last + 1, last + 2);
      expect(ledger.progress().holes).toBe(false);
      ledger.reach(last, last + 2);
      expect(ledger.doubted).toEqual([{ fromMs: last, toMs: last }]);
    }
  });

  it('are refused about an agent that is connected, and about one that nobody knows', async () => {
    for (const order of [orders.readmit(ONLINE), orders.retire(ONLINE), orders.handOver(ONLINE, 'b')]) {
      expect(await order).toEqual({ kind: 'refused', reason: 'online', agent: ONLINE });
    }
    for (const order of [orders.readmit('nobody'), orders.retire('nobody'), orders.handOver('nobody', 'b')]) {
      expect(await order).toEqual({ kind: 'refused', reason: 'unknown', agent: 'nobody' });
    }
    expect(logged).toEqual([]);
  });

  it('end a series that its tags name, from now on or from a time, and none where several are meant', async () => {
    const { metric, device, tags } = fold.admission.agentNamed('a')!.fold.entries[0]!;
    const named = { metric, device, tags: {} };
    expect(await orders.endSeries('a', named)).toMatchObject({ kind: 'done', changed: true });
    expect(await orders.endSeries(ONLINE, { ...named, tags }, 3)).toMatchObject({ kind: 'done', changed: true });
    expect(logged).toEqual(['a end-series', `${ONLINE} end-series`]);
    expect(told).toEqual(['a', ONLINE]);
    const other = await orders.endSeries('a', { ...named, tags: { region: 'nowhere' } });
    expect(other).toEqual({ kind: 'not-one', agent: 'a', meant: 0, known: [{ metric, device, tags }] });
    expect(await orders.endSeries('nobody', named)).toMatchObject({ kind: 'refused', reason: 'unknown' });
  });
});
