import type { Amends } from '../frames/amends.ts';
import { subtractReading } from '../stats/additive.ts';
import { addReading } from '../stats/merge.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldLinks } from './fold-links.ts';
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
