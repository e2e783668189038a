import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerHead } from '#core/wire/topics.ts';
import { type AgentHead, freshHead, nextStart, shownBy } from '../commit/agent-state.ts';
import { judgeHead } from './decisions.ts';

/** A number, or a start of which something may be sent, and when it came to be so. */
interface Made extends LedgerHead {
  readonly at: number;
}

/** An agent's disk: its head, the numbers that wait for the broker, and the start that it is in once something is sent from it in a life. */
interface Disk {
  readonly head: AgentHead;
  readonly spool: readonly Made[];
  readonly sending?: Made;
}

type Event =
  | { readonly kind: 'start' | 'copy' | 'restore' | 'lose' | 'readmit' }
  | { readonly kind: 'seal'; readonly count: number }
  /** The agent connects, and is cut off after it has sent so much; what was acknowledged of it is `kept`. */
  | { readonly kind: 'connect'; readonly count: number; readonly kept: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constantFrom('start', 'start', 'copy', 'restore', 'lose', 'readmit') }),
  fc.record({ kind: fc.constant('seal'), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('connect'), count: fc.nat(6), kept: fc.nat(6) }),
);

class World {
  #at = 0;
  #disk: Disk = { head: nextStart(freshHead('a')), spool: [] };
  #copy = { at: 0, disk: this.#disk };
  #life = 0;
  /** What the ledger has taken in its present life. */
  #taken: readonly Made[] = [];
  #highestSent = 0;
  #isSetBack = false;
  /** Whether each connection was right to be let send. */
  readonly verdicts: { readonly kind: string; readonly expected: string }[] = [];

  apply(one: Event): void {
    this.#at++;
    switch (one.kind) {
      case 'start':
        this.#start(this.#disk);
        return;
      case 'copy':
        if (!this.#isSetBack) this.#copy = { at: this.#at, disk: this.#disk };
        return;
      case 'restore':
        this.#isSetBack = this.#taken.some(({ at }) => at > this.#copy.at);
        this.#start(this.#copy.disk);
        return;
      case 'lose':
        this.#isSetBack = this.#taken.length > 0;
        this.#start({ head: freshHead('a'), spool: [] });
        return;
      case 'readmit':
        this.#life++;
        this.#taken = [];
        this.#isSetBack = false;
        return;
      case 'seal':
        this.#seal(one.count);
        return;
      case 'connect':
        this.#connect(one);
        return;
    }
  }

  #start({ head, spool }: Disk): void {
    this.#disk = { head: nextStart(head), spool };
    this.#highestSent = 0;
  }

  #seal(count: number): void {
    const { head, spool } = this.#disk;
    const { incarnation, sequence } = head;
    const made = Array.from({ length: count }, (_, i) => ({
      incarnation,
      highestSequence: sequence + 1 + i,
      at: this.#at,
    }));
    this.#disk = { ...this.#disk, head: { ...head, sequence: sequence + count }, spool: [...spool, ...made] };
  }

  /** The newest incarnation that the ledger has anything of, and the highest number of it. */
  #ledgerHead(): LedgerHead {
    const incarnation = Math.max(0, ...this.#taken.map((one) => one.incarnation));
    const numbers = this.#taken.filter((one) => one.incarnation === incarnation);
    return {
      life: this.#life,
      incarnation,
      highestSequence: Math.max(0, ...numbers.map((one) => one.highestSequence)),
    };
  }

  #connect({ count, kept }: { readonly count: number; readonly kept: number }): void {
    const { head, spool } = this.#disk;
    const { incarnation } = head;
    const before = shownBy({ ...head, sequence: 0 });
    const newest = { incarnation, highestSequence: this.#highestSent };
    const shown = this.#highestSent > 0 ? { ...before, incarnation, newest } : before;
    const { kind } = judgeHead('a', this.#ledgerHead(), shown);
    this.verdicts.push({ kind, expected: this.#isSetBack ? 'agent-behind' : 'in-step' });
    if (kind === 'agent-behind') return;
    const sent = spool.slice(0, count);
    const begun = this.#disk.sending;
    const sending =
      begun?.life === this.#life ? begun : { life: this.#life, incarnation, highestSequence: 0, at: this.#at };
    this.#disk = {
      head: { ...head, acquainted: true, shownBefore: undefined, life: this.#life },
      spool: spool.slice(Math.min(count, kept)),
      sending,
    };
    this.#taken = [...this.#taken, sending, ...sent];
    for (const one of sent) {
      if (one.incarnation === incarnation) this.#highestSent = Math.max(this.#highestSent, one.highestSequence);
    }
  }
}

describe('an agent', () => {
  it('sends as long as its disk is the newest, and never from one that was set back', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40, size: 'max' }), (events) => {
        const world = new World();
        for (const one of events) world.apply(one);
        expect(world.verdicts.map(({ kind }) => kind)).toEqual(world.verdicts.map(({ expected }) => expected));
      }),
      { numRuns: 2_000 },
    );
  });
});
