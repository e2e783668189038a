import type { StatsTable } from '#core/stats/stats-table.ts';
import type { WindowSums } from '../index/kept-sums.ts';
import type { AnsweredWindow, Judge } from './answered-window.ts';

/** What is said of a slot whose window is not told. */
const NOT_TOLD = 2;

/**
 * The windows of many groups, in the order of time, then of the groups, as columns: an object for each is dear. They are
 * judged at once, as of one moment, and read one by one; each is valid until the next is asked for.
 */
export class WideWindows implements Iterable<AnsweredWindow> {
  /** How many are told. */
  readonly count: number;
  readonly #sums: WindowSums;
  readonly #completeness: Float64Array;
  /** 0 or 1, or NOT_TOLD. */
  readonly #final: Uint8Array;
  readonly #expectedFromMs: Float64Array;

  constructor(sums: WindowSums, judge: Judge, keeps: (table: StatsTable, slot: number) => boolean) {
    const { groups, spans, table } = sums;
    this.#sums = sums;
    this.#completeness = new Float64Array(groups.length * spans.length);
    this.#final = new Uint8Array(groups.length * spans.length).fill(NOT_TOLD);
    this.#expectedFromMs = new Float64Array(groups.length);
    let count = 0;
    for (const [g, group] of groups.entries()) {
      const judged = judge.group(group);
      this.#expectedFromMs[g] = judged.expectedFromMs;
      for (let w = 0, slot = g; w < spans.length; w++, slot += groups.length) {
        if (!keeps(table, slot)) continue;
        const { startMs, endMs } = spans[w]!;
        this.#completeness[slot] = judged.completeness(judge.slices(slot, startMs, endMs));
        this.#final[slot] = judged.isFinal(startMs, endMs) ? 1 : 0;
        count++;
      }
    }
    this.count = count;
  }

  [Symbol.iterator](): Iterator<AnsweredWindow, undefined> {
    const { groups, spans, revision, pending } = this.#sums;
    const window = {
      startMs: 0,
      endMs: 0,
      tags: groups[0]?.tags ?? [],
      slot: 0,
      revision: 0,
      pending: false,
      completeness: 0,
      final: false,
      expectedFromMs: undefined as number | undefined,
    };
    const given = { done: false as const, value: window };
    const end = { done: true as const, value: undefined };
    let slot = -1;
    let span = -1;
    let group = groups.length - 1;
    return {
      next: () => {
        do {
          slot++;
          if (++group < groups.length) continue;
          if (++span >= spans.length) return end;
          group = 0;
          window.startMs = spans[span]!.startMs;
          window.endMs = spans[span]!.endMs;
        } while (this.#final[slot] === NOT_TOLD);
        const expectedFromMs = this.#expectedFromMs[group]!;
        window.tags = groups[group]!.tags;
        window.slot = slot;
        window.revision = revision[slot]!;
        window.pending = pending[slot] === 1;
        window.completeness = this.#completeness[slot]!;
        window.final = this.#final[slot] === 1;
        window.expectedFromMs = expectedFromMs > window.startMs ? expectedFromMs : undefined;
        return given;
      },
    };
  }
}
