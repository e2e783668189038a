import type { RefusedRow } from '#backbone/changes/changes.ts';

/** How much of an agent was refused: rows of its sources, the readings that they would have given, and frames. */
export interface RefusedCount {
  readonly rows: number;
  readonly readings: number;
  readonly frames: number;
}

const NONE: RefusedCount = { rows: 0, readings: 0, frames: 0 };

/**
 * What was refused, counted by agent, so that nobody has to read the whole quarantine to know how much it is: all that the
 * quarantine still kept when the node started, and whatever came since.
 */
export class RefusedCounts {
  readonly #counts = new Map<string, RefusedCount>();

  /** Counts something that was refused; each is told once. */
  add({ agent, kind, items }: Pick<RefusedRow, 'agent' | 'kind' | 'items'>): void {
    const { rows, readings, frames } = this.of(agent);
    const more = items.reduce((sum, item) => sum + item.readings, 0);
    this.#counts.set(agent, {
      rows: rows + items.length,
      readings: readings + more,
      frames: frames + (kind === 'frame' ? 1 : 0),
    });
  }

  of(agent: string): RefusedCount {
    return this.#counts.get(agent) ?? NONE;
  }
}
