import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DECIMALS_MAX, formatScaled } from '../numbers/scaled.ts';
import { scaledValue } from '../stats/stats.fixtures.ts';
import { TEXT_DECIMALS_MAX, TextWriter } from './text-writer.ts';

const out = new TextWriter();

describe('text that is written as bytes', () => {
  it('has the digits of a scaled value that its string has', () => {
    const decimals = fc.oneof(
      fc.integer({ min: 0, max: DECIMALS_MAX }),
      fc.integer({ min: 0, max: TEXT_DECIMALS_MAX }),
    );
    fc.assert(
      fc.property(scaledValue, decimals, fc.integer({ min: 0, max: 15 }), (value, places, zeros) => {
        const round = Math.trunc(value / 10 ** zeros) * 10 ** zeros + 0;
        for (const one of [value, round]) {
          out.scaled(one, places);
          expect(out.takeString()).toBe(formatScaled(BigInt(one), places));
          out.integer(one);
          expect(out.takeString()).toBe(String(one));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is what was appended, one behind the other, however long', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => ({ text, append: () => out.text(text) })),
      fc.string({ unit: 'grapheme-ascii' }).map((text) => ({ text, append: () => out.ascii(text) })),
      fc.string({ unit: 'binary' }).map((text) => ({ text, append: () => out.append(Buffer.from(text)) })),
      scaledValue.map((value) => ({ text: String(value), append: () => out.integer(value) })),
      fc.constant({ text: 'é'.repeat(70_000), append: () => out.text('é'.repeat(70_000)) }),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.boolean(), (pieces, asBytes) => {
        for (const { append } of pieces) append();
        const whole = pieces.map(({ text }) => text).join('');
        expect(out.length).toBe(Buffer.byteLength(whole));
        expect(asBytes ? Buffer.from(out.take()).toString() : out.takeString()).toBe(Buffer.from(whole).toString());
        expect(out.length).toBe(0);
      }),
    );
  });

  it('is not changed by what is written after it was taken', () => {
    out.ascii('before');
    const taken = out.take();
    out.ascii('behind');
    expect(Buffer.from(taken).toString()).toBe('before');
    out.takeString();
  });
});
