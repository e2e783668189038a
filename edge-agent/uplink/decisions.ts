import type { LedgerHead } from '#core/wire/topics.ts';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from './limits.ts';

/** What an agent makes of the ledger's head. */
export type HeadVerdict =
  | { readonly kind: 'in-step' }
  /** The ledger has seen more of this agent than the agent knows of itself. */
  | { readonly kind: 'agent-behind'; readonly message: string };

/**
 * Compares the ledger's head with the highest numbers that the agent itself has given, in this incarnation and in those
 * before it (docs/design.md#every-start-is-a-new-incarnation); `own` holds at least one, and of the incarnations after `since`
 * every one that gave any: unless said, it is the newest of those before this one. An agent that is behind was
 * restored from an old image, or shares its name with another one: the ledger holds what its journal doesn't know of,
 * so it stops its sources and says so. So is one that has never sent anything (`isAcquainted` is false) and yet is known,
 * whatever its numbers: however often it starts, they are not those that the ledger knows. A ledger that is behind is what an uplink is for.
 */
export function judgeHead(
  agent: string,
  head: LedgerHead,
  own: readonly LedgerHead[],
  isAcquainted: boolean,
  since?: number,
): HeadVerdict {
  if (head.handedTo !== undefined) return { kind: 'agent-behind', message: handedOver(agent, head.handedTo) };
  const newest = Math.max(...own.map(({ incarnation }) => incarnation));
  const known = numberKnown(head.incarnation, own, since ?? newestBefore(newest, own));
  const isStranger = !isAcquainted && head.incarnation > 0;
  const behind = isStranger || head.incarnation > newest || (known >= 0 && head.highestSequence > known);
  if (!behind) return { kind: 'in-step' };
  return {
    kind: 'agent-behind',
    message:
      `the ledger has seen incarnation ${head.incarnation} of this agent up to number ${head.highestSequence}, but the agent ` +
      `itself ${isStranger ? 'has never sent anything' : `knows of ${known >= 0 ? `number ${known}` : `incarnation ${newest}`} at most`}: its data is older than what it ` +
      `sent, or another agent has its name. Restore the newer data; where it is lost, let the agent begin anew with ` +
      `"weir agents readmit ${agent}"; where the name is another's, give this agent a new id`,
  };
}

/** The highest number that an agent can have given in an incarnation; -1 where it can't tell. */
function numberKnown(incarnation: number, own: readonly LedgerHead[], since: number): number {
  const same = own.find((one) => one.incarnation === incarnation);
  if (same !== undefined) return same.highestSequence;
  return incarnation > since ? 0 : -1;
}

function newestBefore(newest: number, own: readonly LedgerHead[]): number {
  return Math.max(...own.map(({ incarnation }) => incarnation).filter((one) => one < newest));
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
