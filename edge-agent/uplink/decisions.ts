import type { LedgerHead } from '#core/wire/topics.ts';
import type { Shown } from '../commit/agent-state.ts';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from './limits.ts';

/** What an agent makes of the ledger's head. */
export type HeadVerdict =
  | { readonly kind: 'in-step' }
  /** The ledger has seen more of this agent than the agent knows of itself. */
  | { readonly kind: 'agent-behind'; readonly message: string };

/**
 * Compares the ledger's head with the most that the agent can have shown it, in this incarnation and in those before it
 * (docs/design.md#every-start-is-a-new-incarnation). An agent that is behind was restored from an old image, or shares its
 * name with another one: the ledger holds what its journal doesn't know of, so it stops its sources and says so. However
 * often it starts, and whatever numbers it gives meanwhile, it stays behind, since none of that was shown. So is one whose data are of
 * before it was let begin anew, once the ledger has anything of what came then: numbers of two lives say nothing of each other.
 * A ledger that is behind is what an uplink is for.
 */
export function judgeHead(agent: string, head: LedgerHead, shown: Shown): HeadVerdict {
  if (head.handedTo !== undefined) return { kind: 'agent-behind', message: handedOver(agent, head.handedTo) };
  const isFormer = isOfFormerLife(head, shown);
  const known = numberKnown(head.incarnation, shown);
  if (!isFormer && head.highestSequence <= known) return { kind: 'in-step' };
  return {
    kind: 'agent-behind',
    message:
      `the ledger has seen incarnation ${head.incarnation} of this agent up to number ${head.highestSequence}, but the agent ` +
      `itself ${isFormer ? 'is of before it was let begin anew' : knownText(known, shown)}: its data is older than what it ` +
      `sent, or another agent has its name. Restore the newer data; where it is lost, let the agent begin anew with ` +
      `"weir agents readmit ${agent}"; where the name is another's, give this agent a new id`,
  };
}

/**
 * The highest number of an incarnation that can have been shown; -1 of one that was not shown at all. Those before the newest
 * gave all their numbers before it began: whatever the ledger has of them, the agent has known.
 */
function numberKnown(incarnation: number, { incarnation: last, newest }: Shown): number {
  if (incarnation > last) return -1;
  if (incarnation === newest?.incarnation) return newest.highestSequence;
  return incarnation > (newest?.incarnation ?? 0) ? 0 : Number.POSITIVE_INFINITY;
}

function isOfFormerLife({ incarnation, life = 0 }: LedgerHead, { life: shownLife = life }: Shown): boolean {
  return incarnation > 0 && shownLife < life;
}

function knownText(known: number, { incarnation }: Shown): string {
  if (known >= 0) return `has sent number ${known} at most`;
  return incarnation === 0 ? 'has never sent anything' : `has sent nothing after incarnation ${incarnation}`;
}

function handedOver(agent: string, to: string): string {
  return (
    `the series of this agent belong to agent ${to} now, and it has nothing to send any more. ` +
    `To undo that, stop agent ${to}, then "weir agents hand-over ${to} ${agent}"`
  );
}

/**
 * Milliseconds to wait before dialling again after `failures` (≥ 1) failures in a row: half of a doubling step and a
 * random part of its other half, so that agents that lost their broker together don't return together. `random` gives
 * numbers from 0 up to but not including 1.
 */
export function backoffMs(failures: number, random: () => number): number {
  const stepMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 30));
  return stepMs / 2 + (random() * stepMs) / 2;
}
