import type { Tags } from '../choice/shown-groups.ts';
import type { Period } from '../choice/spans.ts';
import { instant, StrangeMessage } from '../stream/message.ts';

/** A declared view, as far as the page needs it. */
export interface ViewInfo {
  readonly name: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly kind: string | null;
  /** How often a series tells a reading, as a span such as `10s`; null where that is not known. */
  readonly interval: string | null;
  /** In which its statistic `amount` is told, null where it has none. */
  readonly amountUnit: string | null;
  readonly by: readonly string[];
  readonly slice: string;
  /** When what is live was made from history; null where it wasn't yet. */
  readonly publishedMs: number | null;
}

/** An agent: whether it is connected, and what its ledger says. */
export interface AgentInfo {
  readonly agent: string;
  readonly presence: { readonly online: boolean; readonly sinceMs: number; readonly lastSeenMs: number } | undefined;
  /** Undefined where none of its frames has arrived. */
  readonly ledger: LedgerInfo | undefined;
  /** Rows of its sources, and frames, that were refused. */
  readonly refusedRows: number;
  readonly refusedFrames: number;
  /** Nothing more comes of it: it was retired, or its series are another agent's. */
  readonly isGone: boolean;
}

export interface LedgerInfo {
  readonly watermarkMs: number | undefined;
  readonly arrived: number;
  /** Frames that are known to exist and have not arrived. */
  readonly missing: number;
  /** Something is missing, if only it is not known how much. */
  readonly hasHoles: boolean;
}

/** A row or a frame that was refused: when it was told, where it stood, why, and what it said. */
export interface RefusedInfo {
  readonly agent: string;
  readonly atMs: number;
  readonly where: string;
  readonly reason: string;
  /** Empty of a frame. */
  readonly text: string;
}

/** Reads the answer of /api/v1/views. Throws StrangeMessage. */
export function readViews(answer: unknown): readonly ViewInfo[] {
  return list(answer, 'views').map((view) => ({
    name: text(view['name']),
    metric: text(view['metric']),
    unit: orNull(view['unit'], 'string'),
    decimals: orNull(view['decimals'], 'number'),
    kind: orNull(view['kind'], 'string'),
    interval: orNull(view['interval'], 'string'),
    amountUnit: isRecord(view['units']) ? orNull(view['units']['amount'], 'string') : null,
    by: Array.isArray(view['by']) ? (view['by'] as readonly string[]) : [],
    slice: text(view['slice']),
    publishedMs: publishedMs(view['versions']),
  }));
}

function publishedMs(versions: unknown): number | null {
  const live = Array.isArray(versions) ? versions.filter(isRecord).find(({ state }) => state === 'live') : undefined;
  return typeof live?.['published'] === 'string' ? instant(live['published'], 'published') : null;
}

/** Reads the answer of /api/v1/agents. Throws StrangeMessage. */
export function readAgents(answer: unknown): readonly AgentInfo[] {
  return list(answer, 'agents').map(({ agent, presence, ledger, refused }) => ({
    agent: text(agent),
    presence: isRecord(presence)
      ? {
          online: presence['online'] === true,
          sinceMs: instant(presence['since'], 'since'),
          lastSeenMs: instant(presence['lastSeen'], 'lastSeen'),
        }
      : undefined,
    ledger: isRecord(ledger) ? readLedger(ledger) : undefined,
    refusedRows: isRecord(refused) ? Number(refused['rows']) : 0,
    refusedFrames: isRecord(refused) ? Number(refused['frames']) : 0,
    isGone: isRecord(ledger) && (ledger['retired'] === true || typeof ledger['handedTo'] === 'string'),
  }));
}

/** Reads the answer of /api/v1/quarantine: each row and frame, the newest first. Throws StrangeMessage. */
export function readRefused(answer: unknown): readonly RefusedInfo[] {
  return list(answer, 'refused')
    .flatMap((entry): RefusedInfo[] => {
      const told = { agent: text(entry['agent']), atMs: instant(entry['at'], 'at') };
      if (entry['kind'] !== 'rows') {
        const where = `frame ${numberText(entry['incarnation'])}:${numberText(entry['sequence'])}`;
        return [{ ...told, where, reason: `${text(entry['code'])}: ${text(entry['detail'])}`, text: '' }];
      }
      return list(entry, 'items').map(({ line, reason, text: row }) => {
        return {
          ...told,
          where: `${text(entry['source'])} line ${Number(line)}`,
          reason: text(reason),
          text: text(row),
        };
      });
    })
    .reverse();
}

function readLedger({ watermark, arrived, missing, holes }: Record<string, unknown>): LedgerInfo {
  const ranges = Array.isArray(missing) ? (missing as readonly { from: number; to: number }[]) : [];
  return {
    watermarkMs: typeof watermark === 'string' ? instant(watermark, 'watermark') : undefined,
    arrived: Number(arrived),
    missing: ranges.reduce((count, { from, to }) => count + to - from + 1, 0),
    hasHoles: holes === true,
  };
}

function list(answer: unknown, name: string): readonly Record<string, unknown>[] {
  const items = isRecord(answer) ? answer[name] : undefined;
  if (!Array.isArray(items) || !items.every(isRecord)) throw new StrangeMessage(`no ${name}`);
  return items;
}

/** A number as it is written, `?` where it could not be read. */
function numberText(value: unknown): string {
  return typeof value === 'number' ? String(value) : '?';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new StrangeMessage('a name is no text');
  return value;
}

function orNull(value: unknown, type: 'string'): string | null;
function orNull(value: unknown, type: 'number'): number | null;
function orNull(value: unknown, type: 'string' | 'number'): unknown {
  return typeof value === type ? value : null;
}

/** The groups of a view that a search finds, as many as were asked for, and where the view has data. */
export interface GroupsInfo {
  readonly total: number;
  readonly found: number;
  readonly data: Period | undefined;
  readonly groups: readonly Tags[];
}

/** Where the groups of a view are asked for. */
export function groupsPath(view: string, search: string, limit: number): string {
  return `api/v1/views/${encodeURIComponent(view)}/groups?${new URLSearchParams({ search, limit: String(limit) })}`;
}

/** Reads the answer of /api/v1/views/{view}/groups. Throws StrangeMessage. */
export function readGroups(answer: unknown): GroupsInfo {
  const { total, found, data, groups } = (answer ?? {}) as Record<string, unknown>;
  if (!Array.isArray(groups)) throw new StrangeMessage('no groups');
  const between = data as { readonly from: unknown; readonly to: unknown } | null;
  return {
    total: Number(total),
    found: Number(found),
    data: between === null ? undefined : { fromMs: instant(between.from, 'from'), toMs: instant(between.to, 'to') },
    groups: groups.map(({ tags }: { tags: Tags }) => tags),
  };
}
