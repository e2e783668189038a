import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord, RECORD_VERSION } from './record-codec.ts';
import type { LogRecord } from './record.ts';

const FRAME: LogRecord = {
  kind: 'frame',
  agent: 'roof-1',
  atMs: 1_700_000_000_123,
  verdict: { kind: 'refused', code: 'future', detail: 'fünf Minuten' },
  frame: Uint8Array.of(1, 2, 3),
};
const ALL: readonly LogRecord[] = [
  FRAME,
  { ...FRAME, verdict: { kind: 'accepted' } },
  {
    kind: 'heartbeat',
    agent: 'roof-1',
    atMs: -5,
    heartbeat: { incarnation: 4_294_967_295, highestSequence: 9, watermarkMs: null, closed: true },
  },
  {
    kind: 'refusals',
    agent: 'roof-1',
    atMs: 0,
    report: {
      incarnation: 1,
      sequence: 2,
      source: 'plugs',
      items: [{ line: 7, readings: 1, reason: 'range', text: '"x"' }],
    },
  },
  { kind: 'cut', id: 'cut-2026-01-01', atMs: 1 },
];
const ORDERS: readonly LogRecord[] = [
  { kind: 'order', agent: 'roof-1', atMs: 2, order: { kind: 'readmit', life: 3 } },
  { kind: 'order', agent: 'roof-1', atMs: 2, order: { kind: 'hand-over', to: 'roof-2' } },
  { kind: 'order', agent: 'roof-1', atMs: 2, order: { kind: 'retire' } },
];

const END: LogRecord = {
  kind: 'order',
  agent: 'roof-1',
  atMs: 2,
  order: { kind: 'end-series', metric: 'heat', device: 'd', tags: { device: 'd', room: 'Küche' }, fromMs: 5 },
};

const INHERIT: LogRecord = { kind: 'order', agent: 'roof-2', atMs: 2, order: { kind: 'inherit', reachedMs: -5 } };

describe('a record', () => {
  it('is written in the bytes that its comment draws', () => {
    const bytes = encodeRecord(FRAME);
    expect([...bytes.subarray(0, 8)]).toStrictEqual([1, 1, 6, 6, 13, 0, 0, 0]);
    const view = new DataView(bytes.buffer);
    expect(view.getFloat64(8, true)).toBe(1_700_000_000_123);
    expect(Buffer.from(bytes.subarray(16)).toString('utf8')).toBe('roof-1futurefünf Minuten\u0001\u0002\u0003');
  });

  it('keeps its bytes: a change of the format needs a new version', () => {
    const hash = createHash('sha256');
    for (const record of ALL) hash.update(encodeRecord(record));
    expect(`1 ${hash.digest('hex')}`).toBe(LOCKED);
    const orders = createHash('sha256');
    for (const record of ORDERS) orders.update(encodeRecord(record));
    expect(`2 ${orders.digest('hex')}`).toBe(LOCKED_ORDERS);
    const end = createHash('sha256').update(encodeRecord(END)).digest('hex');
    expect(`3 ${end}`).toBe(LOCKED_END);
    const inherit = createHash('sha256').update(encodeRecord(INHERIT)).digest('hex');
    expect(`${RECORD_VERSION} ${inherit}`).toBe(LOCKED_INHERIT);
  });

  it('is written in the oldest version that has its kind', () => {
    expect(ALL.map((record) => encodeRecord(record)[0])).toStrictEqual(ALL.map(() => 1));
    expect(ORDERS.map((record) => encodeRecord(record)[0])).toStrictEqual(ORDERS.map(() => 2));
    expect([END, INHERIT].map((record) => encodeRecord(record)[0])).toStrictEqual([3, 4]);
  });

  it('shares the frame with the bytes that it was read from', () => {
    const bytes = encodeRecord(FRAME);
    const record = decodeRecord(bytes);
    expect(record.kind === 'frame' && record.frame.buffer).toBe(bytes.buffer);
  });

  it('of a newer version is refused by its version', () => {
    const bytes = encodeRecord(FRAME);
    bytes[0] = 5;
    expect(decodeRecord(bytes)).toMatchObject({
      kind: 'record-fault',
      code: 'newer-record',
      message: /version 5.*up to 4/,
    });
  });

  it.each([
    ['no bytes', Uint8Array.of(), 'too-short'],
    ['half a head', encodeRecord(FRAME).subarray(0, 9), 'too-short'],
    ['an end within its name', encodeRecord(FRAME).subarray(0, 20), 'too-short'],
    ['version 0', changed(FRAME, 0, 0), 'not-a-record'],
    ['kind 6', changed(FRAME, 1, 6), 'not-a-record'],
    ['an order of version 1', changed(ORDERS[0]!, 0, 1), 'not-a-record'],
    ['a frame of version 2', changed(FRAME, 0, 2), 'not-a-record'],
    ['an order that is none', changed(ORDERS[2]!, 33, 0x78), 'payload'],
    ['a heartbeat with a verdict', changed(FRAME, 1, 2), 'range'],
    ['a detail without a code', changed(FRAME, 3, 0), 'range'],
    ['an agent that is none', changed(FRAME, 16, 0x20), 'name'],
    ['a name that is no UTF-8', changed(FRAME, 17, 0xff), 'text'],
    ['a heartbeat of other bytes', changed(ALL[2]!, 22, 0x21), 'payload'],
    ['a cut with a payload', Uint8Array.of(...encodeRecord(ALL[4]!), 0), 'payload'],
  ])('with %s is a fault', (_what, bytes, code) => {
    expect(decodeRecord(bytes)).toMatchObject({ kind: 'record-fault', code });
  });

  it('with a time that is no integer is a fault', () => {
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, 2 ** 53]) {
      const bytes = encodeRecord(FRAME);
      new DataView(bytes.buffer).setFloat64(8, time, true);
      expect(decodeRecord(bytes)).toMatchObject({ kind: 'record-fault', code: 'range' });
    }
  });

  it('is not written for an agent that has no agent id, nor with an endless detail', () => {
    expect(() => encodeRecord({ ...FRAME, agent: 'a/b' })).toThrow('agent id');
    expect(() => encodeRecord({ ...FRAME, verdict: { kind: 'refused', code: 'x', detail: 'y'.repeat(1025) } })).toThrow(
      'short',
    );
  });
});

function changed(record: LogRecord, at: number, to: number): Uint8Array {
  const bytes = encodeRecord(record);
  bytes[at] = to;
  return bytes;
}

const LOCKED = '1 5fb08a9ef724be95daa00b2d750443c866aa638fe19f468262596d1f04771fe2';
const LOCKED_INHERIT = '4 6ccb7d88a4fe1c1418c5ed8a64b9410b5922217904064e16fd69b774214b1df9';
const LOCKED_END = '3 fa321132aaf46235386ff797caf18fc37f6b7516d9c9010961b8dc0ab57fdd80';
const LOCKED_ORDERS = '2 7650af395732e19d19a118fa53b920a24da3d1dba6f6fb4833e7e75b77b6fddf';
