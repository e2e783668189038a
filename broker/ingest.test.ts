import { crc32 } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryKeyValue } from '#backbone/key-value/memory-key-value.fixtures.ts';
import { StoreUnavailable } from '#backbone/storage-errors.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { HEADER_BYTES } from '#core/frames/limits.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import { decodeRecord } from '#core/records/record-codec.ts';
import type { Heartbeat } from '#core/records/record.ts';
import { powerSeries } from '#core/series/series.fixtures.ts';
import { encodeHeartbeat } from '#core/wire/heartbeat.ts';
import { encodeRefusalReport } from '#core/wire/refusal-report.ts';
import type { UpTopic } from '#core/wire/topics.ts';
import { birth, frame, NOW_MS, ONE_RUN, SERIES } from './broker.fixtures.ts';
import { SeriesClaims } from './claims.ts';
import { newTally, type Tally } from './counters.ts';
import { Ingest, type IngestOptions } from './ingest.ts';
import { PRESENCE_AGENTS_MAX } from './limits.ts';

const SKEW_MS = 1_000;
const BEAT: Heartbeat = { incarnation: 1, highestSequence: 4, watermarkMs: null, closed: false };

describe('the ingest', () => {
  let tally: Tally;
  let appended: { partition: number; bytes: Uint8Array }[];
  let heard: (readonly [string, Heartbeat, number])[];
  let claims: SeriesClaims;

  beforeEach(() => {
    tally = newTally();
    appended = [];
    heard = [];
    claims = new SeriesClaims(new MemoryKeyValue());
  });

  const open = (options: Partial<IngestOptions> = {}): Ingest =>
    new Ingest({
      log: {
        partitions: 4,
        append: async (partition, bytes) => appended.push({ partition, bytes }),
      },
      claims,
      metrics: null,
      views: [],
      clockSkewMsMax: SKEW_MS,
      tally,
      dictionaryOf: () => [],
      onHeartbeat: (...heartbeat) => heard.push(heartbeat),
      ...options,
    });

  /** Decides and stores, as the queue of a client does. */
  const take = async (ingest: Ingest, topic: Exclude<UpTopic, 'gone'>, payload: Uint8Array, agent = 'roof-1') => {
    const decision = await ingest.decide(agent, topic, payload, NOW_MS);
    await ingest.store(decision);
    return decision;
  };

  describe('of a frame', () => {
    it('keeps it byte by byte with verdict and time of receipt, and says nothing where all is well', async () => {
      expect(await take(open(), 'frame', frame(1))).toStrictEqual({
        record: { kind: 'frame', agent: 'roof-1', atMs: NOW_MS, verdict: { kind: 'accepted' }, frame: frame(1) },
      });
      expect(appended.map(({ bytes }) => decodeRecord(bytes))).toStrictEqual([
        { kind: 'frame', agent: 'roof-1', atMs: NOW_MS, verdict: { kind: 'accepted' }, frame: frame(1) },
      ]);
      expect(tally).toStrictEqual({ ...newTally(), framesAccepted: 1, frameBytes: frame(1).length });
    });

    it('answers a refused one by its numbers, with the same words as the log', async () => {
      const { answer, record } = await take(open(), 'frame', frame(7, NOW_MS + SKEW_MS + 1));
      expect(answer).toMatchObject({ incarnation: 1, sequence: 7, code: 'future' });
      expect(record).toMatchObject({ verdict: { kind: 'refused', code: 'future', detail: answer?.detail } });
      expect(tally).toMatchObject({ framesAccepted: 0, framesRefused: 1, frameBytes: frame(1).length });
    });

    it('refuses one whose body is not what its header says, though its checksum is right', async () => {
      const lying = frame(3);
      new DataView(lying.buffer).setUint32(48, 2, true);
      const header = new DataView(lying.buffer, lying.byteOffset);
      header.setUint32(60, crc32(lying.subarray(HEADER_BYTES), crc32(lying.subarray(0, 60))), true);
      const { answer, record } = await take(open(), 'frame', lying);
      expect(answer).toMatchObject({ incarnation: 1, sequence: 3, code: 'count' });
      expect(record).toMatchObject({ verdict: { kind: 'refused', code: 'count' } });
    });

    it('answers one whose header can not be read by the numbers 0 and 0', async () => {
      const { answer } = await take(open(), 'frame', Uint8Array.of(1, 2));
      expect(answer).toMatchObject({ incarnation: 0, sequence: 0, code: 'too-short' });
    });
  });

  describe('of a birth', () => {
    const OTHER = powerSeries('house-2');

    /** A readings frame of each entry of a dictionary, alone. */
    const of = (sequence: number, entry: number): Uint8Array =>
      encodeReadings(
        { incarnation: 1, sequence, dictionaryVersion: entry + 1, watermarkMs: null },
        { ...ONE_RUN, entry: Int32Array.of(entry) },
      );

    it('claims its series, and refuses to another agent what it sends of them, naming the owner', async () => {
      const ingest = open();
      expect(await take(ingest, 'frame', birth(1, [SERIES]))).not.toHaveProperty('answer');
      const foreign = await take(ingest, 'frame', birth(1, [SERIES, OTHER]), 'roof-2');
      expect(foreign).toMatchObject({
        record: { verdict: { kind: 'accepted' } },
        answer: {
          code: 'series-claimed',
          detail:
            'series ["power","house-1"] belongs to agent roof-1; where this agent replaces it: weir agents hand-over roof-1 roof-2',
          entries: [0],
        },
      });
      expect(await take(ingest, 'frame', of(2, 0), 'roof-2')).toMatchObject({
        record: { verdict: { kind: 'refused', code: 'series-claimed' } },
        answer: { sequence: 2, entries: [0] },
      });
      // One foreign series costs only itself.
      expect(await take(ingest, 'frame', of(3, 1), 'roof-2')).not.toHaveProperty('answer');
    });

    it('claims nothing where the metric is declared otherwise, until it is born again as it is declared', async () => {
      const ingest = open({ metrics: new Map([['power', metricNamed('power', { unit: 'W' })]]) });
      expect((await take(ingest, 'frame', birth(1, [SERIES]))).answer).toMatchObject({ code: 'metric-mismatch' });
      expect(await claims.claim('roof-2', ['["power","house-1"]'])).toStrictEqual({ kind: 'claimed' });
      expect((await take(ingest, 'frame', of(2, 0))).answer).toMatchObject({ code: 'metric-mismatch', entries: [0] });
      const mended = powerSeries('house-3', { unit: 'W' });
      await take(ingest, 'frame', birth(3, [mended]));
      expect(await take(ingest, 'frame', of(4, 0))).not.toHaveProperty('answer');
    });

    it('takes what a series said before it was declared otherwise, from when on it says what is declared', async () => {
      const EVERY_SECOND = powerSeries('house-1', { intervalMs: 1_000 });
      const metrics = new Map([['power', metricNamed('power', { intervalMs: 1_000 })]]);
      const ingest = open({ metrics });
      const answered = async (payload: Uint8Array) => (await take(ingest, 'frame', payload)).answer?.entries;
      const inWatts = powerSeries('house-1', { unit: 'W' });
      expect(await answered(birth(1, [SERIES, inWatts, OTHER]))).toEqual([0, 1, 2]);
      expect(await answered(of(2, 0))).toEqual([0]);
      expect(await answered(birth(3, [EVERY_SECOND], 3))).toBeUndefined();
      expect(await answered(of(4, 0))).toBeUndefined();
      // Another unit is none of what it can have been, and another series has said nothing yet.
      expect([await answered(of(5, 1)), await answered(of(6, 2))]).toEqual([[1], [2]]);
      // What it says last is what it says now.
      expect(await answered(birth(7, [powerSeries('house-1', { intervalMs: 7_000 })], 4))).toEqual([4]);
      expect([await answered(of(8, 0)), await answered(of(9, 4))]).toEqual([undefined, [4]]);
      // The same of what a later start, and the fold of a server that was started again, say of all at once.
      const all = [SERIES, inWatts, OTHER, EVERY_SECOND];
      expect(await answered(birth(10, all))).toEqual([1, 2]);
      const again = open({ metrics, dictionaryOf: () => all });
      expect((await take(again, 'frame', of(11, 0))).answer).toBeUndefined();
      expect((await take(again, 'frame', of(12, 2))).answer?.entries).toEqual([2]);
    });

    it('says when there is no room for another claim', async () => {
      const full = { claim: async () => ({ kind: 'full', series: '["power","house-1"]' }) } as unknown as SeriesClaims;
      expect((await take(open({ claims: full }), 'frame', birth(1, [SERIES]))).answer).toMatchObject({
        code: 'claims-full',
      });
    });

    it('is remembered by the fold for a broker that was started again, and judged anew', async () => {
      await claims.claim('roof-2', ['["power","house-1"]']);
      const asked: string[] = [];
      const dictionaryOf = (agent: string) => {
        asked.push(agent);
        return [SERIES, OTHER];
      };
      const ingest = open({ dictionaryOf });
      expect((await take(ingest, 'frame', of(7, 0))).answer).toMatchObject({ code: 'series-claimed', entries: [0] });
      expect(await take(ingest, 'frame', of(8, 1))).not.toHaveProperty('answer');
      // Of an entry that neither knows the fold will know, when its birth is there.
      expect(await take(ingest, 'frame', of(9, 5))).not.toHaveProperty('answer');
      expect(asked).toEqual(['roof-1']);
    });

    it('refuses one from the future, or that can not be read, before it claims anything', async () => {
      const never = {
        claim: () => Promise.reject(new Error('nothing is claimed here')),
      } as unknown as SeriesClaims;
      const torn = birth(1, [SERIES]);
      torn[torn.length - 1]! ^= 1;
      expect((await take(open({ claims: never }), 'frame', torn)).answer).toMatchObject({ code: 'checksum' });
    });
  });

  describe('of a heartbeat', () => {
    it('logs the first, and each that differs in anything from the last logged', async () => {
      const ingest = open();
      const beats = [BEAT, BEAT, { ...BEAT, incarnation: 2 }, BEAT, { ...BEAT, highestSequence: 5 }];
      beats.push({ ...BEAT, highestSequence: 5, watermarkMs: 3 }, { ...BEAT, watermarkMs: 3, highestSequence: 5 });
      beats.push({ ...BEAT, highestSequence: 5, watermarkMs: 3, closed: true });
      for (const beat of beats) await take(ingest, 'heartbeat', encodeHeartbeat(beat));
      const logged = [0, 2, 3, 4, 5, 7].map((i) => beats[i]);
      expect(appended.map(({ bytes }) => decodeRecord(bytes))).toStrictEqual(
        logged.map((heartbeat) => ({ kind: 'heartbeat', agent: 'roof-1', atMs: NOW_MS, heartbeat })),
      );
      expect(heard).toStrictEqual(beats.map((beat) => ['roof-1', beat, NOW_MS]));
      expect(tally).toStrictEqual({ ...newTally(), heartbeatsLogged: 6, heartbeatsPassed: 2 });
    });

    it('tells agents apart', async () => {
      const ingest = open();
      for (const agent of ['a', 'b', 'a', 'b']) await take(ingest, 'heartbeat', encodeHeartbeat(BEAT), agent);
      expect(appended).toHaveLength(2);
    });

    it('logs one again that could not be stored', async () => {
      let failures = 1;
      const ingest = open({
        log: {
          partitions: 1,
          append: async (partition, bytes) => {
            if (failures-- > 0) throw new StoreUnavailable('log', 'here', 'a cause');
            return appended.push({ partition, bytes });
          },
        },
      });
      await expect(take(ingest, 'heartbeat', encodeHeartbeat(BEAT))).rejects.toThrow(StoreUnavailable);
      await take(ingest, 'heartbeat', encodeHeartbeat(BEAT));
      expect(appended).toHaveLength(1);
      expect(tally).toStrictEqual({ ...newTally(), heartbeatsLogged: 1, appendsFailed: 1 });
    });

    it('forgets the agent that was logged longest ago when there are too many', async () => {
      const ingest = open();
      const beat = encodeHeartbeat(BEAT);
      const newer = encodeHeartbeat({ ...BEAT, highestSequence: 5 });
      await take(ingest, 'heartbeat', beat, 'first');
      await take(ingest, 'heartbeat', beat, 'second');
      await take(ingest, 'heartbeat', newer, 'first');
      for (let i = 2; i < PRESENCE_AGENTS_MAX; i++) await take(ingest, 'heartbeat', beat, `agent-${i}`);
      const passed = async (agent: string, payload: Uint8Array): Promise<boolean> =>
        (await ingest.decide(agent, 'heartbeat', payload, NOW_MS)).record === undefined;
      expect(await passed('second', beat)).toBe(true);
      await take(ingest, 'heartbeat', beat, 'one-too-many');
      expect(await passed('first', newer)).toBe(true);
      expect(await passed('second', beat)).toBe(false);
    });

    it('puts one from the future aside, and one that can not be read', async () => {
      const ingest = open();
      const future = encodeHeartbeat({ ...BEAT, watermarkMs: NOW_MS + SKEW_MS + 1 });
      expect((await take(ingest, 'heartbeat', future)).complaint).toMatch(
        /^heartbeat: watermark 1001001 ms is 1001 ms/,
      );
      expect(await take(ingest, 'heartbeat', Uint8Array.of(1))).toMatchObject({ record: undefined });
      const latest = encodeHeartbeat({ ...BEAT, watermarkMs: NOW_MS + SKEW_MS });
      expect((await take(ingest, 'heartbeat', latest)).complaint).toBeUndefined();
      expect(heard).toHaveLength(1);
      expect(tally).toStrictEqual({ ...newTally(), heartbeatsLogged: 1, messagesUnreadable: 2 });
    });
  });

  it('logs every report of refused rows, and puts one aside that can not be read', async () => {
    const ingest = open();
    const items = [{ line: 3, readings: 1, reason: 'range', text: 'x' }];
    const report = { incarnation: 1, sequence: 1, source: 'csv', items };
    for (let i = 0; i < 2; i++) await take(ingest, 'refused', encodeRefusalReport(report));
    expect((await take(ingest, 'refused', Uint8Array.of(1))).complaint).toMatch(/refusal report/);
    expect(appended.map(({ bytes }) => decodeRecord(bytes))).toStrictEqual(
      [report, report].map((one) => ({ kind: 'refusals', agent: 'roof-1', atMs: NOW_MS, report: one })),
    );
    expect(tally).toStrictEqual({ ...newTally(), reportsLogged: 2, messagesUnreadable: 1 });
  });

  it('keeps all that an agent sends in one partition, and spreads agents', async () => {
    const ingest = open();
    const agents = Array.from({ length: 40 }, (_, i) => `agent-${i}`);
    for (const sequence of [1, 2]) for (const agent of agents) await take(ingest, 'frame', frame(sequence), agent);
    const partitions = appended.map(({ partition }) => partition);
    expect(partitions.slice(0, 40)).toStrictEqual(partitions.slice(40));
    expect(new Set(partitions)).toStrictEqual(new Set([0, 1, 2, 3]));
  });
});
