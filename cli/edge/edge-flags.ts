import type { LogFlag } from '../log/log-levels.ts';

/** What `weir edge` is told. */
export interface EdgeFlags extends LogFlag {
  readonly config: string;
  readonly once?: true;
}
