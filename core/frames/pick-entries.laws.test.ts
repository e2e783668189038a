import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAmends, anyPanes, anyRuns } from './arbitrary-frames.fixtures.ts';
import { decodeFrame } from './frame.ts';
import { contentOf, countOf, encodeContent, type FrameContent, pickEntries } from './pick-entries.ts';

const meta = { incarnation: 1, sequence: 1, dictionaryVersion: 1 << 20, watermarkMs: null };

const anyContent: fc.Arbitrary<FrameContent> = fc.oneof(
  anyRuns.map((runs) => ({ kind: 'readings', runs }) as const),
  anyPanes.map((panes) => ({ kind: 'panes', panes }) as const),
  anyAmends.map((amends) => ({ kind: 'amend', amends }) as const),
);

/** What it says of each entry, as texts: runs, panes or amends, and links. */
function said(content: FrameContent | undefined): string[] {
  if (content === undefined) return [];
  const columns =
    content.kind === 'readings' ? content.runs : content.kind === 'panes' ? content.panes : content.amends;
  const { links } = columns;
  const texts = Array.from(links.entry, (entry, i) =>
    JSON.stringify([
      'link',
      entry,
      links.sign[i],
      links.fromMs[i],
      links.toMs[i],
      links.fromValue[i],
      links.toValue[i],
    ]),
  );
  if (content.kind === 'readings') {
    let from = 0;
    for (const [run, length] of content.runs.length.entries()) {
      const readings = [content.runs.timeMs.slice(from, from + length), content.runs.value.slice(from, from + length)];
      const { entry, anchored, anchorTimeMs, anchorValue, unchecked } = content.runs;
      const facts = [entry[run], anchored[run], anchorTimeMs[run], anchorValue[run], unchecked[run]];
      texts.push(JSON.stringify([...facts, ...readings.map((column) => [...column])]));
      from += length;
    }
    return texts;
  }
  const { links: _, count, ...others } = columns as unknown as Record<string, ArrayLike<unknown>> & { count: number };
  for (let i = 0; i < count; i++) {
    const row = Object.keys(others)
      .toSorted()
      .map((name) => [name, others[name]?.[i]]);
    texts.push(JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)));
  }
  return texts;
}

describe('picking entries of a frame', () => {
  it('divides what it says, without a rest, into two frames that can be read', () => {
    fc.assert(
      fc.property(anyContent, fc.nat(3), (content, odd) => {
        const wanted = (entry: number): boolean => entry % 4 === odd;
        const [some, rest] = [pickEntries(content, wanted), pickEntries(content, (entry) => !wanted(entry))];
        expect([...said(some), ...said(rest)].toSorted()).toEqual(said(content).toSorted());
        expect((some ? countOf(some) : 0) + (rest ? countOf(rest) : 0)).toBe(countOf(content));
        for (const part of [some, rest]) {
          if (part === undefined) continue;
          const frame = decodeFrame(encodeContent(meta, part));
          expect(frame.kind === 'fault' ? frame.message : said(contentOf(frame))).toEqual(said(part));
        }
      }),
    );
  });
});
