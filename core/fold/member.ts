import type { Silence } from './silences.ts';

/** A series in a group: what it promises, and since when. */
export interface Member {
  readonly agent: string;
  readonly series: string;
  /** It promises a reading in each of them. */
  readonly intervalMs: number;
  /** Event time of the earliest reading; the series' promise begins here. */
  readonly firstMs: number;
  /** From when on it is expected, where that was said. */
  readonly sinceMs?: number;
  /** When nothing is expected of it, where that was said. */
  readonly silences?: readonly Silence[];
}

/** Names a series among those of its group. */
export function memberKey({ agent, series }: Pick<Member, 'agent' | 'series'>): string {
  return `${agent}\n${series}`;
}
