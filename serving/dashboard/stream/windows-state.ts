import type { Problem, ServerMessage, StreamWindow, WindowName } from './message.ts';

/** A window as it is shown: `revisedAtMs` is when what it says last changed after it had been final. */
export interface ShownWindow extends StreamWindow {
  readonly revisedAtMs: number | undefined;
}

/** The windows of one group, by start. */
export interface GroupWindows {
  readonly key: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly windows: readonly ShownWindow[];
}

/**
 * What the page knows of one subscription. A value: every message makes a new one, and groups that a message leaves
 * alone stay the same object, so that what is drawn from them need not be drawn again.
 */
export interface WindowsState {
  readonly groups: ReadonlyMap<string, GroupWindows>;
  /** Where to resume; undefined before the first answer. */
  readonly position: string | undefined;
  readonly version: number | undefined;
  readonly freshnessMs: number | null;
  readonly isProvisional: boolean;
  readonly without: readonly string[];
  readonly problem: Problem | undefined;
}

/** Groups that are kept: a page can't show more, and each holds up to some thousand windows. The first come stay. */
export const GROUPS_MAX = 500;

export const NO_WINDOWS: WindowsState = {
  groups: new Map(),
  position: undefined,
  version: undefined,
  freshnessMs: null,
  isProvisional: false,
  without: [],
  problem: undefined,
};

/**
 * The state after a message that came at `atMs`. Windows that end more than `spanMs` before the newest one ends are
 * let go. A changed window arrives whole and replaces the one before; of two with the same start the later told wins.
 */
export function applyMessage(state: WindowsState, message: ServerMessage, spanMs: number, atMs: number): WindowsState {
  if (message.kind === 'error') return { ...state, problem: message.problem };
  const base = message.kind === 'snapshot' ? new Map<string, GroupWindows>() : state.groups;
  const left = message.kind === 'changes' ? without(base, message.gone) : base;
  const groups = withinSpan(merge(left, state.groups, message.windows, atMs), spanMs);
  const { position, version, freshnessMs, isProvisional } = message;
  return { groups, position, version, freshnessMs, isProvisional, without: message.without, problem: undefined };
}

/**
 * Whether all that is expected of a window has been told: it is final, or the agents have told beyond its end. While it
 * has not, what adds up over it says too little.
 */
export function hasEnded({ endMs, final }: StreamWindow, freshnessMs: number | null): boolean {
  return final || (freshnessMs !== null && endMs <= freshnessMs);
}

/** Whether a window is told over its whole length: it has ended, and its group was there from its start on. */
export function isWhole(window: StreamWindow, freshnessMs: number | null): boolean {
  return hasEnded(window, freshnessMs) && window.expectedFromMs === undefined;
}

/**
 * Up to when there is data in what is shown: agents that have told beyond it may have nothing more to say of this view. Null
 * where there is none, or not all agents have told.
 */
export function dataUpToMs({ groups, freshnessMs }: WindowsState): number | null {
  const endMs = newestEndMs(groups.values());
  return freshnessMs === null || endMs === undefined ? null : Math.min(freshnessMs, endMs);
}

/** The newest end of any window; undefined where there is none. */
export function newestEndMs(groups: Iterable<GroupWindows>): number | undefined {
  let newest: number | undefined;
  for (const { windows } of groups) {
    const endMs = windows.at(-1)?.endMs;
    if (endMs !== undefined && (newest === undefined || endMs > newest)) newest = endMs;
  }
  return newest;
}

/** A text that stands for the tags of a group; the order of the tags does not matter. */
export function groupKey(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a group is called: its tags' values; `all` for the one group of a view without tags. */
export function groupName(tags: Readonly<Record<string, string>>): string {
  const values = Object.values(tags).map((value) => (value === '' ? '(none)' : value));
  return values.length === 0 ? 'all' : values.join(' · ');
}

type Groups = ReadonlyMap<string, GroupWindows>;

/** The groups without windows that hold nothing any more; a group that has no other goes with them. */
function without(groups: Groups, gone: readonly WindowName[]): Groups {
  if (gone.length === 0) return groups;
  const left = new Map(groups);
  for (const { startMs, tags } of gone) {
    const key = groupKey(tags);
    const group = left.get(key);
    if (group === undefined) continue;
    const windows = group.windows.filter((window) => window.startMs !== startMs);
    if (windows.length === 0) left.delete(key);
    else if (windows.length < group.windows.length) left.set(key, { ...group, windows });
  }
  return left;
}

/** `base` with the windows told; `before` says what each was, also where a snapshot begins anew. */
function merge(base: Groups, before: Groups, told: readonly StreamWindow[], atMs: number): Groups {
  if (told.length === 0) return base;
  const changed = new Map<string, StreamWindow[]>();
  for (const window of told) {
    const key = groupKey(window.tags);
    const list = changed.get(key);
    if (list === undefined) changed.set(key, [window]);
    else list.push(window);
  }
  const merged = new Map(base);
  for (const [key, windows] of changed) {
    if (!merged.has(key) && merged.size >= GROUPS_MAX) continue;
    const old = before.get(key)?.windows ?? [];
    const kept = base.get(key)?.windows ?? [];
    merged.set(key, { key, tags: windows[0]!.tags, windows: mergeGroup(kept, old, windows, atMs) });
  }
  return merged.size === base.size
    ? merged
    : new Map([...merged].toSorted(([, a], [, b]) => collator.compare(groupName(a.tags), groupName(b.tags))));
}

function mergeGroup(
  kept: readonly ShownWindow[],
  old: readonly ShownWindow[],
  told: readonly StreamWindow[],
  atMs: number,
): readonly ShownWindow[] {
  const before = new Map(old.map((window) => [window.startMs, window]));
  const byStart = new Map(kept.map((window) => [window.startMs, window]));
  for (const window of told) {
    const was = before.get(window.startMs);
    const shown = { ...window, revisedAtMs: was !== undefined && isRevised(was, window) ? atMs : was?.revisedAtMs };
    byStart.set(window.startMs, shown);
    before.set(window.startMs, shown);
  }
  return [...byStart.values()].sort((a, b) => a.startMs - b.startMs);
}

/**
 * Whether a window was amended after it had been final, in something that is shown: a revision that only touches what
 * was not asked for would make the viewer look for a difference that isn't there.
 */
function isRevised(was: StreamWindow, is: StreamWindow): boolean {
  if (!was.final || is.revision <= was.revision) return false;
  return (
    is.completeness !== was.completeness || Object.keys(is.stats).some((stat) => is.stats[stat] !== was.stats[stat])
  );
}

function withinSpan(groups: Groups, spanMs: number): Groups {
  const newest = newestEndMs(groups.values());
  if (newest === undefined) return groups;
  const fromMs = newest - spanMs;
  const hasOlder = [...groups.values()].some(({ windows }) => windows[0]!.endMs <= fromMs);
  if (!hasOlder) return groups;
  const kept = new Map<string, GroupWindows>();
  for (const [key, group] of groups) {
    if (group.windows[0]!.endMs > fromMs) kept.set(key, group);
    else {
      const windows = group.windows.filter(({ endMs }) => endMs > fromMs);
      if (windows.length > 0) kept.set(key, { ...group, windows });
    }
  }
  return kept;
}

/** `DK2` before `DK10`. */
const collator = new Intl.Collator('en', { numeric: true });
