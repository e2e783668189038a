import { instant, StrangeMessage } from '../stream/message.ts';

/** A declared view, as far as the page needs it. */
export interface ViewInfo {
  readonly name: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly kind: string | null;
  /** In which its statistic `amount` is told, null where it has none. */
  readonly amountUnit: string | null;
  readonly by: readonly string[];
  readonly slice: string;
}

/** An agent: whether it is connected, and what its ledger says. */
export interface AgentInfo {
  readonly agent: string;
  readonly presence: { readonly online: boolean; readonly sinceMs: number; readonly lastSeenMs: number } | undefined;
  /** Undefined where none of its frames has arrived. */
  readonly ledger: LedgerInfo | undefined;
}

export interface LedgerInfo {
  readonly watermarkMs: number | undefined;
  readonly arrived: number;
  /** Frames that are known to exist and have not arrived. */
  readonly missing: number;
  readonly quarantined: number;
  /** Something is missing, if only it is not known how much. */
  readonly hasHoles: boolean;
}

/** Something that was refused, and why. */
export interface RefusedInfo {
  readonly agent: string;
  readonly atMs: number;
  readonly code: string;
  readonly detail: string;
}

/** Reads the answer of /api/v1/views. Throws StrangeMessage. */
export function readViews(answer: unknown): readonly ViewInfo[] {
  return list(answer, 'views').map((view) => ({
    name: text(view['name']),
    metric: text(view['metric']),
    unit: orNull(view['unit'], 'string'),
    decimals: orNull(view['decimals'], 'number'),
    kind: orNull(view['kind'], 'string'),
    amountUnit: isRecord(view['units']) ? orNull(view['units']['amount'], 'string') : null,
    by: Array.isArray(view['by']) ? (view['by'] as readonly string[]) : [],
    slice: text(view['slice']),
  }));
}

/** Reads the answer of /api/v1/agents. Throws StrangeMessage. */
export function readAgents(answer: unknown): readonly AgentInfo[] {
  return list(answer, 'agents').map(({ agent, presence, ledger }) => ({
    agent: text(agent),
    presence: isRecord(presence)
      ? {
          online: presence['online'] === true,
          sinceMs: instant(presence['since'], 'since'),
          lastSeenMs: instant(presence['lastSeen'], 'lastSeen'),
        }
      : undefined,
    ledger: isRecord(ledger) ? readLedger(ledger) : undefined,
  }));
}

/** Reads the answer of /api/v1/quarantine, the newest first. Throws StrangeMessage. */
export function readRefused(answer: unknown): { readonly total: number; readonly refused: readonly RefusedInfo[] } {
  const refused = list(answer, 'refused').map(({ agent, at, code, detail }) => {
    return { agent: text(agent), atMs: instant(at, 'at'), code: text(code), detail: text(detail) };
  });
  return { total: Number((answer as { total?: unknown }).total), refused: refused.reverse() };
}

function readLedger({ watermark, arrived, missing, quarantined, holes }: Record<string, unknown>): LedgerInfo {
  const ranges = Array.isArray(missing) ? (missing as readonly { from: number; to: number }[]) : [];
  return {
    watermarkMs: typeof watermark === 'string' ? instant(watermark, 'watermark') : undefined,
    arrived: Number(arrived),
    missing: ranges.reduce((count, { from, to }) => count + to - from + 1, 0),
    quarantined: Number(quarantined),
    hasHoles: holes === true,
  };
}

function list(answer: unknown, name: string): readonly Record<string, unknown>[] {
  const items = isRecord(answer) ? answer[name] : undefined;
  if (!Array.isArray(items) || !items.every(isRecord)) throw new StrangeMessage(`no ${name}`);
  return items;
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
