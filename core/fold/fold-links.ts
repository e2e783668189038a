import type { SignedLinks } from '../frames/readings.ts';
import { addLink } from '../stats/link.ts';
import type { AgentFold } from './agent-fold.ts';
import type { ViewFold } from './view-fold.ts';

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
    }
  }
}
