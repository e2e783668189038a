import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DICTIONARY_ENTRIES_MAX, TIME_MS_MAX } from '../frames/limits.ts';
import { heartbeats, reports } from '../records/arbitrary-records.fixtures.ts';
import {
  encodeLedgerHead,
  encodeRefusedFrame,
  encodeWantedFrames,
  parseLedgerHead,
  parseRefusedFrame,
  parseWantedFrames,
  WANTED_RANGES_MAX,
  VERDICT_CODE_MAX,
  VERDICT_DETAIL_MAX,
  VERDICT_ENTRIES_MAX,
} from './down-messages.ts';
import { encodeHeartbeat, HEARTBEAT_BYTES_MAX, HEARTBEAT_SPANS_MAX, parseHeartbeat } from './heartbeat.ts';
import {
  encodeRefusalReport,
  parseRefusalReport,
  REPORT_ITEMS_MAX,
  REPORT_TEXT_MAX,
  splitRefusalReport,
} from './refusal-report.ts';
import { isWanted, WANTED_HEADS_MAX, type WantedFrames } from './topics.ts';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const HEARTBEAT = { incarnation: 1, highestSequence: 2, watermarkMs: 3, closed: false };
const REPORT = { incarnation: 1, sequence: 2, source: 's', items: [{ line: 1, readings: 1, reason: 'r', text: 't' }] };
const HEAD = { incarnation: 1, highestSequence: 2 };
const VERDICT = { incarnation: 1, sequence: 2, code: 'future', detail: 'late', entries: [3] };

describe('the messages between agent and broker', () => {
  it('are read as they were written', () => {
    const whole = fc.property(heartbeats, reports, (beat, report) => {
      expect(parseHeartbeat(encodeHeartbeat(beat))).toStrictEqual(beat);
      expect(parseRefusalReport(encodeRefusalReport(report))).toStrictEqual(report);
    });
    fc.assert(whole);
    expect(parseLedgerHead(encodeLedgerHead(HEAD))).toStrictEqual(HEAD);
    expect(parseRefusedFrame(encodeRefusedFrame(VERDICT))).toStrictEqual(VERDICT);
  });

  it('are read up to the ends of every range', () => {
    const MAX = Number.MAX_SAFE_INTEGER;
    for (const [incarnation, number, watermarkMs] of [
      [0, 0, null],
      [0xffff_ffff, MAX, TIME_MS_MAX],
      [7, 1, -TIME_MS_MAX],
    ] as const) {
      const beat = { incarnation, highestSequence: number, watermarkMs, closed: true };
      const item = { line: number, readings: number, reason: 'r'.repeat(REPORT_TEXT_MAX), text: '' };
      const report = { incarnation, sequence: number, source: 's'.repeat(REPORT_TEXT_MAX), items: [item] };
      const head = { incarnation, highestSequence: number, life: number, handedTo: 'a'.repeat(64) };
      const code = 'c'.repeat(VERDICT_CODE_MAX);
      const entries = Array.from({ length: VERDICT_ENTRIES_MAX }, () => DICTIONARY_ENTRIES_MAX - 1);
      const verdict = { incarnation, sequence: number, code, detail: 'd'.repeat(VERDICT_DETAIL_MAX), entries };
      expect(parseHeartbeat(json(beat))).toStrictEqual(beat);
      expect(parseRefusalReport(json(report))).toStrictEqual(report);
      expect(parseLedgerHead(json(head))).toStrictEqual(head);
      expect(parseRefusedFrame(json(verdict))).toStrictEqual(verdict);
    }
    const items = Array.from({ length: REPORT_ITEMS_MAX }, () => REPORT.items[0]!);
    expect(parseRefusalReport(json({ ...REPORT, items }))).toStrictEqual({ ...REPORT, items });
    const pad = HEARTBEAT_BYTES_MAX - json({ ...HEARTBEAT, mood: '' }).length;
    expect(parseHeartbeat(json({ ...HEARTBEAT, mood: 'x'.repeat(pad) }))).toStrictEqual(HEARTBEAT);
    expect(parseHeartbeat(json({ ...HEARTBEAT, mood: 'x'.repeat(pad + 1) }))).toMatchObject({ message: /1025 bytes/ });
  });

  it('tell the event time of outstanding frames in a form that earlier readers pass over', () => {
    const outstanding = Array.from({ length: HEARTBEAT_SPANS_MAX }, (_, i) => {
      const from = Number.MAX_SAFE_INTEGER - 2 * (HEARTBEAT_SPANS_MAX - i);
      return { from, to: from + 1, earliestMs: -TIME_MS_MAX, latestMs: -TIME_MS_MAX + 1 };
    });
    const beat = { ...HEARTBEAT, highestSequence: Number.MAX_SAFE_INTEGER, outstanding };
    const bytes = encodeHeartbeat(beat);
    expect(bytes.length).toBeLessThanOrEqual(HEARTBEAT_BYTES_MAX);
    expect(parseHeartbeat(bytes)).toStrictEqual(beat);
    expect(new TextDecoder().decode(encodeHeartbeat({ ...HEARTBEAT, outstanding: [] }))).toBe(
      '{"incarnation":1,"highestSequence":2,"watermarkMs":3,"closed":false}',
    );
    for (const wrong of [
      5,
      [5],
      [[1, 1, 0]],
      [[1, 1, 0, 0, 0]],
      [[0, 1, 0, 0]],
      [[2, 1, 0, 0]],
      [[1, 3, 0, 0]],
      [[1, 1, 1, 0]],
      [[1, 1, -TIME_MS_MAX - 1, 0]],
      [[1, 1, 0, TIME_MS_MAX + 1]],
      [[1, 1, 0.5, 1]],
      [
        [2, 2, 0, 0],
        [1, 1, 0, 0],
      ],
      Array.from({ length: HEARTBEAT_SPANS_MAX + 1 }, (_, i) => [i + 1, i + 1, 0, 0]),
    ]) {
      const told = {
        ...HEARTBEAT,
        highestSequence: wrong === 5 ? 2 : Array.isArray(wrong) && wrong.length > 2 ? 99 : 2,
      };
      expect(parseHeartbeat(json({ ...told, outstanding: wrong }))).toMatchObject({ message: /outstanding/ });
    }
  });

  it('are faults where a text of a refused row is too long, or a number of it is none', () => {
    const [item] = REPORT.items;
    for (const wrong of [
      { line: -1 },
      { readings: -1 },
      { line: 1.5 },
      { reason: 'r'.repeat(REPORT_TEXT_MAX + 1) },
      { text: 't'.repeat(REPORT_TEXT_MAX + 1) },
      { text: '\ud800' },
    ]) {
      const report = json({ ...REPORT, items: [{ ...item, ...wrong }] });
      expect(parseRefusalReport(report)).toMatchObject({ message: /item 0/ });
    }
    const detail = 'd'.repeat(VERDICT_DETAIL_MAX + 1);
    expect(parseRefusedFrame(json({ ...VERDICT, detail }))).toMatchObject({ message: /detail/ });
    for (const entries of [
      [-1],
      [DICTIONARY_ENTRIES_MAX],
      ['1'],
      3,
      Array.from({ length: VERDICT_ENTRIES_MAX + 1 }, () => 1),
    ]) {
      expect(parseRefusedFrame(json({ ...VERDICT, entries }))).toMatchObject({ message: /entries/ });
    }
    const { entries: _, ...older } = VERDICT;
    expect(parseRefusedFrame(json(older))).toStrictEqual({ ...VERDICT, entries: [] });
    expect(parseHeartbeat(json({ ...HEARTBEAT, watermarkMs: -(2 ** 52) }))).toMatchObject({ message: /watermarkMs/ });
  });

  it('may say more than this version knows', () => {
    expect(parseHeartbeat(json({ ...HEARTBEAT, mood: 'good' }))).toStrictEqual(HEARTBEAT);
    expect(parseLedgerHead(json({ ...HEAD, more: 1 }))).toStrictEqual(HEAD);
  });

  it('are faults where a field is not what it should be', () => {
    for (const wrong of [-1, 1.5, 2 ** 32, '1', null, undefined]) {
      expect(parseHeartbeat(json({ ...HEARTBEAT, incarnation: wrong }))).toMatchObject({ kind: 'message-fault' });
      expect(parseRefusalReport(json({ ...REPORT, incarnation: wrong }))).toMatchObject({ kind: 'message-fault' });
      expect(parseLedgerHead(json({ ...HEAD, incarnation: wrong }))).toMatchObject({ kind: 'message-fault' });
      expect(parseRefusedFrame(json({ ...VERDICT, incarnation: wrong }))).toMatchObject({ kind: 'message-fault' });
    }
    for (const wrong of [-1, 0.5, 2 ** 53, true]) {
      expect(parseHeartbeat(json({ ...HEARTBEAT, highestSequence: wrong }))).toMatchObject({
        message: /highestSequence/,
      });
      expect(parseRefusalReport(json({ ...REPORT, sequence: wrong }))).toMatchObject({ message: /sequence/ });
      expect(parseLedgerHead(json({ ...HEAD, highestSequence: wrong }))).toMatchObject({ message: /highestSequence/ });
      expect(parseLedgerHead(json({ ...HEAD, life: wrong }))).toMatchObject({ message: /life/ });
      expect(parseRefusedFrame(json({ ...VERDICT, sequence: wrong }))).toMatchObject({ message: /sequence/ });
    }
    expect(parseHeartbeat(json({ ...HEARTBEAT, watermarkMs: 2 ** 52 }))).toMatchObject({ message: /watermarkMs/ });
    expect(parseHeartbeat(json({ ...HEARTBEAT, closed: 0 }))).toMatchObject({ message: /closed/ });
    expect(parseRefusalReport(json({ ...REPORT, source: 'x'.repeat(1025) }))).toMatchObject({ message: /source/ });
    expect(parseRefusalReport(json({ ...REPORT, items: {} }))).toMatchObject({ message: /items/ });
    const items = [...REPORT.items, { line: 1, readings: 1, reason: 'r' }];
    expect(parseRefusalReport(json({ ...REPORT, items }))).toMatchObject({ message: /item 1/ });
    expect(parseRefusedFrame(json({ ...VERDICT, code: 'x'.repeat(65) }))).toMatchObject({ message: /code/ });
  });

  it('are faults where the bytes are no JSON object, or too many', () => {
    for (const bytes of [Uint8Array.of(), Uint8Array.of(0xff), json([]), json(null), json('x')]) {
      for (const parse of [parseHeartbeat, parseRefusalReport, parseLedgerHead, parseRefusedFrame]) {
        expect(parse(bytes)).toMatchObject({ kind: 'message-fault', message: /JSON object/ });
      }
    }
    // A whole object, but for one byte that no UTF-8 has.
    const damaged = json({ ...REPORT, source: 'xx' });
    damaged[damaged.indexOf(0x78)] = 0xff;
    expect(parseRefusalReport(damaged)).toMatchObject({ message: /UTF-8/ });
    const long = json({ ...HEARTBEAT, mood: 'x'.repeat(HEARTBEAT_BYTES_MAX) });
    expect(parseHeartbeat(long)).toMatchObject({ message: /limit is 1024/ });
    const many = Array.from({ length: REPORT_ITEMS_MAX + 1 }, () => REPORT.items[0]);
    expect(parseRefusalReport(json({ ...REPORT, items: many }))).toMatchObject({ message: /at most 4096/ });
  });

  it('divide a report of refused rows until no part is refused, whatever its texts hold', () => {
    for (const text of [
      '计'.repeat(400),
      '\u0000'.repeat(1024),
      `${'x'.repeat(REPORT_TEXT_MAX - 1)}😀`,
      '\ud800',
      '',
    ]) {
      const items = Array.from({ length: REPORT_ITEMS_MAX + 5 }, (_, line) => ({
        line,
        readings: 1,
        reason: text,
        text,
      }));
      const parts = splitRefusalReport({ incarnation: 1, sequence: 7, source: text, items });
      const read = parts.map((part) => parseRefusalReport(encodeRefusalReport(part)));
      expect(read).toEqual(parts);
      expect(parts.flatMap((part) => part.items.map(({ line }) => line))).toEqual(items.map(({ line }) => line));
      expect(parts.map(({ sequence }) => sequence)).toEqual(parts.map((_, i) => 7 + i));
    }
    expect(splitRefusalReport({ ...REPORT, items: [] })).toEqual([]);
    expect(splitRefusalReport(REPORT)).toEqual([REPORT]);
  });
});

describe('wanted frames', () => {
  const WANTED = {
    heads: [
      { incarnation: 4, highestSequence: 9 },
      { incarnation: 2, highestSequence: 7 },
    ],
    missing: [{ incarnation: 2, from: 4, to: 6 }],
  };

  it('come back as they were written, the first of them where they are many', () => {
    expect(parseWantedFrames(encodeWantedFrames(WANTED))).toStrictEqual(WANTED);
    const missing = Array.from({ length: WANTED_RANGES_MAX + 1 }, (_, i) => ({
      incarnation: 1,
      from: i + 1,
      to: i + 1,
    }));
    const heads = Array.from({ length: WANTED_HEADS_MAX + 1 }, (_, i) => ({
      incarnation: 900 - i,
      highestSequence: i,
    }));
    expect(parseWantedFrames(encodeWantedFrames({ heads, missing }))).toStrictEqual({
      heads: heads.slice(0, WANTED_HEADS_MAX),
      missing: missing.slice(0, WANTED_RANGES_MAX),
    });
  });

  const numbersOf = (wanted: WantedFrames, numbers: readonly (readonly [number, number])[]): boolean[] =>
    numbers.map(([incarnation, sequence]) => isWanted(wanted, incarnation, sequence));

  it('are those above a head, those that are missing below it, and all of incarnations that are not known', () => {
    const lacking = [
      [4, 10],
      [2, 8],
      [2, 4],
      [2, 6],
      [5, 1],
      [3, 1],
      [1, 1],
    ] as const;
    expect(numbersOf(WANTED, lacking)).toEqual(lacking.map(() => true));
    const there = [
      [4, 9],
      [4, 5],
      [2, 3],
      [2, 7],
    ] as const;
    expect(numbersOf(WANTED, there)).toEqual(there.map(() => false));
  });

  it('are none of incarnations before those of which there was room to tell', () => {
    const heads = Array.from({ length: WANTED_HEADS_MAX }, (_, i) => ({
      incarnation: 900 - 2 * i,
      highestSequence: 1,
    }));
    const lowest = heads.at(-1)!.incarnation;
    expect(
      numbersOf({ heads, missing: [] }, [
        [lowest - 1, 1],
        [lowest + 1, 1],
        [901, 1],
      ]),
    ).toEqual([false, true, true]);
  });

  it('that are none can not be read', () => {
    const tooMany = Array.from({ length: 300 }, () => [1, 1, 1]);
    for (const missing of [
      undefined,
      7,
      [7],
      [[1, 2]],
      [[1, 0, 2]],
      [[1, 3, 2]],
      [[-1, 1, 2]],
      [[1, 1, '2']],
      tooMany,
    ]) {
      expect(parseWantedFrames(json({ heads: [], missing }))).toMatchObject({ message: /missing/ });
    }
    for (const heads of [undefined, 7, [7], [[1]], [[-1, 1]], [[1, -1]], [[1, 1, 1]], tooMany.map(() => [1, 1])]) {
      expect(parseWantedFrames(json({ heads, missing: [] }))).toMatchObject({ message: /heads/ });
    }
    expect(parseWantedFrames(Uint8Array.of(1))).toMatchObject({ message: /JSON/ });
  });
});
