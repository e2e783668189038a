import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameSpan, FrameSpans, joinedSpans } from './frame-spans.ts';
import { CHECKSUMS_KEPT, Ledger, type LedgerSnapshot, WATERMARKS_WAITING_MAX } from './ledger.ts';

describe('the ledger', () => {
  it('a number is folded once: the same frame again is a repeat, another one under its number a fork', () => {
    const ledger = new Ledger();
    expect(ledger.arrive(1, 1, 111, null)).toBe('first');
    expect(ledger.arrive(1, 1, 111, null)).toBe('repeat');
    expect(ledger.arrive(1, 1, 222, null)).toBe('fork');
    expect(ledger.forks).toBe(1);
  });

  it('knows its head however many incarnations it was told of', () => {
    const ledger = new Ledger();
    for (let incarnation = 1; incarnation <= 150_000; incarnation++)
      ledger.heartbeat({ incarnation, highestSequence: 0, watermarkMs: null, closed: false });
    expect(ledger.head()).toEqual({ incarnation: 150_000, highestSequence: 0 });
  });

  it('a watermark counts only when no number below the one that carried it is missing', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.arrive(1, 3, 0, 3000);
    expect(ledger.progress()).toEqual({ watermarkMs: 1000, holes: true });
    ledger.arrive(1, 2, 0, 2000);
    expect(ledger.progress()).toEqual({ watermarkMs: 3000, holes: false });
  });

  it('doubts what an agent that began anew tells of event time that it had reached before, and that alone', () => {
    const before = new Ledger();
    before.arrive(1, 1, 0, 900);
    before.reach(100, 1_000);
    expect(before.readmitted([]).doubted).toEqual([]);
    const next = before.readmitted([]);
    next.arrive(1, 1, 0, 2_000);
    next.reach(1_001, 2_000);
    expect(next.progress()).toEqual({ watermarkMs: 2_000, holes: false });
    next.reach(400, 1_500);
    next.reach(100, 200);
    const doubted = [
      { fromMs: 100, toMs: 200 },
      { fromMs: 400, toMs: 1_000 },
    ];
    const again = Ledger.open(next.snapshot());
    expect(again.doubted).toEqual(doubted);
    expect(again.progress()).toEqual({ watermarkMs: 2_000, holes: true, stains: doubted });
    // A further life inherits the doubt, and is judged by the highest that any before it had reached.
    const third = again.readmitted([]);
    third.reach(1_900, 1_950);
    expect(third.doubted).toEqual([...doubted, { fromMs: 1_900, toMs: 1_950 }]);
  });

  it('knows of a life from before this was kept how far its watermark was', () => {
    const before = new Ledger();
    before.arrive(1, 1, 0, 900);
    const next = before.readmitted([]);
    next.reach(899, 5_000);
    expect(next.doubted).toEqual([{ fromMs: 899, toMs: 900 }]);
  });

  it('says the highest number that has arrived of the newest incarnations', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 3, 0, null);
    ledger.arrive(4, 1, 0, null);
    ledger.heartbeat({ incarnation: 2, highestSequence: 9, watermarkMs: null, closed: false });
    const heads = [
      { incarnation: 4, highestSequence: 1 },
      { incarnation: 2, highestSequence: 0 },
      { incarnation: 1, highestSequence: 3 },
    ];
    expect([ledger.heads(9), ledger.heads(2)]).toEqual([heads, heads.slice(0, 2)]);
  });

  it('a heartbeat that promises more than has arrived opens a hole, and its watermark waits', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.heartbeat({ incarnation: 1, highestSequence: 2, watermarkMs: 9000, closed: true });
    expect(ledger.progress()).toEqual({ watermarkMs: 1000, holes: true });
    expect(ledger.missing(10)).toEqual([{ incarnation: 1, from: 2, to: 2 }]);
    ledger.arrive(1, 2, 0, null);
    expect(ledger.progress()).toEqual({ watermarkMs: 9000, holes: false });
  });

  it('a birth names what the incarnation before it sent, so its lost tail is missing', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.previous({ incarnation: 1, lastSequence: 3, closed: false });
    ledger.arrive(2, 1, 0, 2000);
    expect(ledger.progress().holes).toBe(true);
    expect(ledger.missing(10)).toEqual([{ incarnation: 1, from: 2, to: 3 }]);
  });

  it('a refused number is neither missing nor folded', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.refuse(1, 2);
    ledger.arrive(1, 3, 0, 3000);
    expect(ledger.progress()).toEqual({ watermarkMs: 3000, holes: false });
    expect(ledger.counts()).toEqual({ arrived: 2, quarantined: 1, missing: 0 });
  });

  it('the newest incarnation that has told a watermark speaks for the agent, in whatever order they came', () => {
    const ledger = new Ledger();
    ledger.arrive(2, 1, 0, null);
    ledger.arrive(1, 1, 0, 5000);
    expect(ledger.progress().watermarkMs).toBe(5000);
    ledger.arrive(2, 2, 0, 4000);
    expect(ledger.progress().watermarkMs).toBe(4000);
  });

  it('tells a fork from a repeat as long as it keeps the checksum, and takes an older number for a repeat', () => {
    const ledger = new Ledger();
    for (let sequence = 1; sequence <= CHECKSUMS_KEPT; sequence++) ledger.arrive(1, sequence, sequence, null);
    expect(ledger.arrive(1, 1, 999, null)).toBe('fork');
    ledger.arrive(1, CHECKSUMS_KEPT + 1, 0, null);
    expect(ledger.arrive(1, 1, 999, null)).toBe('repeat');
    expect(ledger.arrive(1, 2, 999, null)).toBe('fork');
    const resumed = Ledger.open(structuredClone(ledger.snapshot()));
    expect(resumed.arrive(1, 2, 999, null)).toBe('fork');
    expect([resumed.forks, ledger.forks]).toEqual([3, 2]);
  });

  it('forgets the watermark that waits longest where too many wait, which only delays', () => {
    const ledger = new Ledger();
    for (let i = 0; i < WATERMARKS_WAITING_MAX; i++) ledger.arrive(1, 2 + 2 * i, 0, i);
    const full = Ledger.open(ledger.snapshot());
    full.arrive(1, 1, 0, null);
    expect(full.progress().watermarkMs).toBe(0);
    ledger.arrive(1, 2 + 2 * WATERMARKS_WAITING_MAX, 0, WATERMARKS_WAITING_MAX);
    ledger.arrive(1, 1, 0, null);
    expect(ledger.progress().watermarkMs).toBe(null);
    ledger.arrive(1, 3, 0, null);
    expect(ledger.progress().watermarkMs).toBe(1);
  });

  it('knows each incarnation apart: what is missing, what was refused, and which ended in order', () => {
    const ledger = new Ledger();
    ledger.heartbeat({ incarnation: 2, highestSequence: 4, watermarkMs: null, closed: false });
    ledger.refuse(2, 2);
    ledger.refuse(2, 2);
    ledger.arrive(2, 2, 7, 500);
    ledger.previous({ incarnation: 1, lastSequence: 2, closed: true });
    ledger.heartbeat({ incarnation: 1, highestSequence: 1, watermarkMs: null, closed: false });
    expect(ledger.missing(10)).toEqual([
      { incarnation: 1, from: 1, to: 2 },
      { incarnation: 2, from: 1, to: 1 },
      { incarnation: 2, from: 3, to: 4 },
    ]);
    expect(ledger.missing(2)).toHaveLength(2);
    expect(ledger.counts()).toEqual({ arrived: 0, quarantined: 1, missing: 5 });
    expect(ledger.head()).toEqual({ incarnation: 2, highestSequence: 2 });
    expect(new Ledger().head()).toEqual({ incarnation: 0, highestSequence: 0 });
    const closed = ledger.snapshot().incarnations.map((one) => [one.incarnation, one.closed, one.known]);
    expect(closed).toEqual([
      [2, false, 4],
      [1, true, 2],
    ]);
  });

  it('takes the later of two watermarks of one number, and never goes back', () => {
    const ledger = new Ledger();
    const beat = (highestSequence: number, watermarkMs: number): number | null => {
      ledger.heartbeat({ incarnation: 1, highestSequence, watermarkMs, closed: false });
      return ledger.progress().watermarkMs;
    };
    expect(beat(0, 100)).toBe(100);
    expect(beat(0, 50)).toBe(100);
    expect([beat(1, 300), beat(1, 200)]).toEqual([100, 100]);
    ledger.arrive(1, 1, 0, 250);
    expect(ledger.progress()).toEqual({ watermarkMs: 300, holes: false });
  });

  it('the order in which frames arrive changes neither progress nor missing numbers, and a snapshot resumes anywhere', () => {
    const frames = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 12 }), (sequences, cut) => {
        const inOrder = new Ledger();
        for (const sequence of sequences.toSorted((a, b) => a - b))
          inOrder.arrive(1, sequence, sequence, 100 * sequence);
        let shuffled = new Ledger();
        for (const [i, sequence] of sequences.entries()) {
          if (i === cut) shuffled = Ledger.open(structuredClone(shuffled.snapshot()));
          shuffled.arrive(1, sequence, sequence, 100 * sequence);
        }
        expect(shuffled.progress()).toEqual(inOrder.progress());
        expect(shuffled.missing(100)).toEqual(inOrder.missing(100));
        expect(shuffled.head()).toEqual(inOrder.head());
      }),
    );
  });

  it('tells the frames that a later one has overtaken, over restarts and incarnations', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 3, 0, null);
    for (const one of [ledger, Ledger.open(ledger.snapshot())]) {
      expect([2, 3, 4].map((sequence) => one.isOvertaken(1, sequence))).toEqual([true, false, false]);
      expect(one.isOvertaken(2, 1)).toBe(false);
    }
    // What is known to exist overtakes nothing before it is there.
    ledger.heartbeat({ incarnation: 2, highestSequence: 9, closed: false, watermarkMs: null });
    expect(Ledger.open(ledger.snapshot()).isOvertaken(1, 3)).toBe(false);
    ledger.arrive(2, 1, 0, null);
    expect(ledger.isOvertaken(1, 3)).toBe(true);
    expect(Ledger.open(ledger.snapshot()).isOvertaken(1, 3)).toBe(true);
  });

  it('knows which event time a missing frame reaches that a heartbeat told, and lets watermarks pass it', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    const outstanding = [
      { from: 2, to: 2, earliestMs: 2000, latestMs: 2999 },
      { from: 3, to: 4, earliestMs: 3000, latestMs: 4999 },
    ];
    const told = { incarnation: 1, highestSequence: 4, watermarkMs: 5000, closed: false, outstanding };
    ledger.heartbeat(told);
    const stains = [{ fromMs: 2000, toMs: 4999 }];
    expect(ledger.progress()).toEqual({ watermarkMs: 5000, holes: true, stains });
    ledger.arrive(1, 2, 0, null);
    ledger.arrive(1, 4, 0, null);
    for (const one of [ledger, Ledger.open(JSON.parse(JSON.stringify(ledger.snapshot())) as LedgerSnapshot)]) {
      expect(one.progress()).toEqual({ watermarkMs: 5000, holes: true, stains: [{ fromMs: 3000, toMs: 4999 }] });
      // A number of which nothing is told may have held anything.
      one.arrive(1, 6, 0, 7000);
      expect(one.progress()).toEqual({ watermarkMs: 5000, holes: true });
      one.arrive(1, 5, 0, null);
      expect(one.progress()).toMatchObject({ watermarkMs: 7000, stains: [{ fromMs: 3000, toMs: 4999 }] });
      one.arrive(1, 3, 0, null);
      expect(one.progress()).toEqual({ watermarkMs: 7000, holes: false });
      expect(one.snapshot().incarnations[0]).not.toHaveProperty('outstanding');
    }
  });

  it('does not know what an earlier incarnation misses where nothing was told of it', () => {
    const ledger = new Ledger();
    const outstanding = [{ from: 1, to: 1, earliestMs: 5, latestMs: 6 }];
    ledger.heartbeat({ incarnation: 2, highestSequence: 1, watermarkMs: null, closed: false, outstanding });
    expect(ledger.progress().stains).toEqual([{ fromMs: 5, toMs: 6 }]);
    ledger.previous({ incarnation: 1, lastSequence: 1, closed: false });
    expect(ledger.progress()).toEqual({ watermarkMs: null, holes: true });
  });

  it('waits for no number that is given up, names it as lost, and takes it all the same where it comes', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.arrive(1, 4, 0, 4000);
    ledger.giveUp(0, { incarnation: 1, from: 2, to: 3 });
    // What nobody has promised can't be given up, nor anything of another life.
    ledger.giveUp(0, { incarnation: 1, from: 5, to: 9 });
    ledger.giveUp(0, { incarnation: 7, from: 1, to: 1 });
    ledger.arrive(1, 6, 0, 6000);
    ledger.giveUp(1, { incarnation: 1, from: 5, to: 5 });
    for (const one of [ledger, Ledger.open(JSON.parse(JSON.stringify(ledger.snapshot())) as LedgerSnapshot)]) {
      expect(one.progress()).toMatchObject({ watermarkMs: 4000, holes: true });
      expect(one.missing(9)).toEqual([{ incarnation: 1, from: 5, to: 5 }]);
      expect(one.misses({ incarnation: 1, from: 1, to: 4 })).toBe(false);
      expect(one.misses({ incarnation: 1, from: 4, to: 5 })).toBe(true);
      expect(one.counts()).toEqual({ arrived: 3, quarantined: 0, missing: 1 });
      expect(one.lost).toEqual({ ranges: [{ life: 0, incarnation: 1, from: 2, to: 3 }], count: 2 });
      expect(one.readmitted([]).lost.count).toBe(3);
      expect(one.arrive(1, 2, 0, null)).toBe('first');
      expect(one.lost).toEqual({ ranges: [{ life: 0, incarnation: 1, from: 3, to: 3 }], count: 1 });
      one.arrive(1, 5, 0, null);
      expect(one.progress()).toEqual({ watermarkMs: 6000, holes: false });
    }
  });

  it('lets no watermark pass a frame that waits for its birth, and tells that something is missing until it has come', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.arrive(1, 2, 0, 2000, true);
    ledger.arrive(1, 3, 0, 3000);
    for (const one of [ledger, Ledger.open(structuredClone(ledger.snapshot()))]) {
      expect(one.progress()).toMatchObject({ watermarkMs: 1000, holes: true });
      expect([one.missing(9), one.counts()]).toEqual([[], { arrived: 3, quarantined: 0, missing: 0 }]);
      one.release(1, 2);
      expect(one.progress()).toMatchObject({ watermarkMs: 3000, holes: false });
      expect(one.snapshot().incarnations[0]).not.toHaveProperty('parked');
    }
  });

  it('counts what can not be folded as quarantined, neither arrived nor missing', () => {
    const ledger = new Ledger();
    ledger.arrive(1, 1, 0, 1000);
    ledger.quarantine(1, 1);
    expect(ledger.counts()).toEqual({ arrived: 0, quarantined: 1, missing: 0 });
    expect(ledger.arrive(1, 1, 0, 1000)).toBe('repeat');
    expect(ledger.progress()).toMatchObject({ watermarkMs: 1000, holes: false });
  });
});

const span = (from: number, to: number, earliestMs = from, latestMs = to): FrameSpan => ({
  from,
  to,
  earliestMs,
  latestMs,
});

describe('the spans of frames', () => {
  it('cover numbers that lie in them without a gap', () => {
    const spans = new FrameSpans(10);
    spans.tell([span(2, 4), span(5, 6), span(8, 9)]);
    expect(spans.covering(3, 5)).toEqual([span(2, 4), span(5, 6)]);
    expect(spans.covering(2, 6)).toHaveLength(2);
    for (const [from, to] of [
      [1, 2],
      [6, 8],
      [9, 10],
      [7, 7],
    ] as const)
      expect(spans.covering(from, to)).toBeUndefined();
  });

  it('are told anew: what is said later of a number counts', () => {
    const spans = new FrameSpans(10);
    spans.tell([span(1, 9)]);
    spans.tell([span(4, 5, 400, 500), span(9, 12, 900, 1200)]);
    expect(spans.all).toEqual([span(1, 3, 1, 9), span(4, 5, 400, 500), span(6, 8, 1, 9), span(9, 12, 900, 1200)]);
    spans.keep(({ to }) => to > 5);
    expect(spans.all).toEqual([span(6, 8, 1, 9), span(9, 12, 900, 1200)]);
  });

  it('are taken together where there are too many, neighbours only, and the oldest let go of', () => {
    const four = [span(1, 1, 5, 6), span(2, 2, 1, 2), span(3, 3), span(4, 4)];
    expect(joinedSpans(four, 4)).toBe(four);
    expect(joinedSpans(four, 3)).toEqual([span(1, 2, 1, 6), span(3, 4)]);
    expect(joinedSpans(four, 1)).toEqual([span(1, 4, 1, 6)]);
    expect(joinedSpans([span(1, 1), span(3, 3), span(5, 5)], 2)).toEqual([span(3, 3), span(5, 5)]);
    const spans = new FrameSpans(2);
    spans.tell(four);
    expect(spans.all).toEqual([span(1, 2, 1, 6), span(3, 4)]);
  });
});
