import type { Amends } from '../frames/amend-frame.ts';
import type { SignedLinks } from '../frames/readings.ts';
import { addAccountedLink } from '../stats/accounted.ts';
import { subtractReading } from '../stats/additive.ts';
import { addLink } from '../stats/link.ts';
import { addReading } from '../stats/merge.ts';
import type { AgentFold } from './agent-fold.ts';
import type { ViewFold } from './view-fold.ts';

/**
 * Folds corrections of readings. What can be inverted is exact at once; min, max, first and last of the slice may still
 * hold the old value, here or in another part, so the slot is marked as pending until it is refolded.
 */
export function foldAmends(amends: Amends, agent: AgentFold, views: readonly ViewFold[], position: number): void {
  for (let i = 0; i < amends.count; i++) {
    const timeMs = amends.timeMs[i]!;
    for (const route of agent.routesOf(amends.entry[i]!, views, position)) {
      const { slots } = route.fold;
      const slot = route.slotOf(Math.floor(timeMs / route.sliceMs));
      subtractReading(route.table, slot, amends.oldValue[i]!, route.rule.quantiles);
      addReading(route.table, slot, timeMs, amends.newValue[i]!, route.rule.quantiles);
      slots.markPending(slot);
    }
  }
  foldLinks(amends.links, agent, views, position);
}

/** Folds the explicit corrections of a frame: intervals that a late reading splits or an amend changes. */
export function foldLinks(links: SignedLinks, agent: AgentFold, views: readonly ViewFold[], position: number): void {
  for (let i = 0; i < links.count; i++) {
    const sign = links.sign[i] === 1 ? 1 : -1;
    for (const route of agent.routesOf(links.entry[i]!, views, position)) {
      addLink(
        route,
        route.rule,
        route.sliceMs,
        sign,
        links.fromMs[i]!,
        links.fromValue[i]!,
        links.toMs[i]!,
        links.toValue[i]!,
      );
      addAccountedLink(route, route.pace, sign, links.fromMs[i]!, links.toMs[i]!);
    }
  }
}
