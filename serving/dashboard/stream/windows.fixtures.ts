import type { ServerMessage, StreamWindow } from './message.ts';
import type { GroupWindows, ShownWindow } from './windows-state.ts';

/** Windows and messages for tests. The minute at which the windows begin: */
export const T0_MS = Date.UTC(2026, 10, 21, 12);
export const MINUTE_MS = 60_000;

/** A window of one minute, `minute` after T0_MS. */
export function windowAt(minute: number, over: Partial<StreamWindow> = {}): StreamWindow {
  return {
    startMs: T0_MS + minute * MINUTE_MS,
    endMs: T0_MS + (minute + 1) * MINUTE_MS,
    tags: { region: 'DK1' },
    stats: { count: 10, sum: 20, mean: 2, min: 1, max: 3 },
    completeness: 1,
    final: true,
    revision: 1,
    pending: [],
    ...over,
  };
}

/** A snapshot or changes with these windows. */
export function told(kind: 'snapshot' | 'changes', windows: readonly StreamWindow[], position = 'p'): ServerMessage {
  return {
    ...(kind === 'changes' ? { kind, gone: [] } : { kind }),
    id: 'windows-1',
    version: 1,
    position,
    freshnessMs: T0_MS,
    isProvisional: false,
    without: [],
    windows,
  };
}

/** The same window as it is shown, not revised. */
export function shown(minute: number, over: Partial<StreamWindow> = {}): ShownWindow {
  return { ...windowAt(minute, over), revisedAtMs: undefined };
}

/** A group of that key and region. */
export function group(key: string, ...windows: readonly ShownWindow[]): GroupWindows {
  return { key, tags: { region: key }, windows };
}
