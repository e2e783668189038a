import { startNode } from '#tooling/processes/node-process.ts';
import type { Ratios } from './ratios.ts';

const CHILD = new URL('./ratios.child.ts', import.meta.url);

/** The ratios that are kept. */
export const KEPT_RATIOS = new URL('./ratios.json', import.meta.url);

/** Measures in a process of its own, which runs the code as it is shipped. */
export async function measuredRatios(rounds: number): Promise<Ratios> {
  await using child = startNode(CHILD, [String(rounds)]);
  if ((await child.ended) !== 0) throw new Error(`the ratios were not measured: ${child.stderr()}`);
  return JSON.parse(child.stdout()) as Ratios;
}
