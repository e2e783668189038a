/** What an agent has counted, over all its runs. readings = counted + repeats + amended + missing + quarantined. */
export interface AgentTotals {
  readonly rows: number;
  readonly readings: number;
  readonly counted: number;
  readonly repeats: number;
  readonly amended: number;
  readonly missing: number;
  readonly quarantined: number;
  /** Of the counted ones, those that the journal could not check for repeats. */
  readonly unchecked: number;
  readonly ambiguousTimes: number;
  readonly truncatedTimes: number;
  readonly frames: number;
  /** Bytes of frames, each counted once. */
  readonly bytes: number;
}

export const NO_TOTALS: AgentTotals = {
  rows: 0,
  readings: 0,
  counted: 0,
  repeats: 0,
  amended: 0,
  missing: 0,
  quarantined: 0,
  unchecked: 0,
  ambiguousTimes: 0,
  truncatedTimes: 0,
  frames: 0,
  bytes: 0,
};

export function addTotals(totals: AgentTotals, more: Partial<AgentTotals>): AgentTotals {
  const sum = { ...totals };
  for (const [name, value] of Object.entries(more)) sum[name as keyof AgentTotals] += value;
  return sum;
}
