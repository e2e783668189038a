import { instantText, type Period } from '../choice/spans.ts';

/** A window as the server tells it. */
export interface StreamWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly stats: Readonly<Record<string, Exact | null>>;
  /** From 0 to 1. */
  readonly completeness: number;
  readonly final: boolean;
  /** Before it nothing was expected of the group, where that lies within the window. */
  readonly expectedFromMs?: number;
  readonly revision: number;
  /** Statistics that wait for a refold after a correction. */
  readonly pending: readonly string[];
}

/** What went wrong, as the server says it (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly detail: string;
  /** As of HTTP: from 500 on it lies with the server, and the same question may be answered later. */
  readonly status: number;
}

interface Told {
  readonly id: string;
  /** The version of the view. */
  readonly version: number;
  readonly position: string;
  /** The lowest watermark of the agents in the answer; null where one has none. */
  readonly freshnessMs: number | null;
  /** The view is folded for the first time: nothing is complete or final yet. */
  readonly isProvisional: boolean;
  /** Agents that the answer doesn't wait for, or that lost something for good. */
  readonly without: readonly string[];
  readonly windows: readonly StreamWindow[];
}

/** Which window of a subscription. */
export type WindowName = Pick<StreamWindow, 'startMs' | 'tags'>;

/**
 * What the server sends on the stream. `snapshot` replaces all windows, `changes` holds changed ones whole, and names those
 * that hold nothing any more.
 */
export type ServerMessage =
  | ({ readonly kind: 'snapshot' } & Told)
  | ({ readonly kind: 'changes'; readonly gone: readonly WindowName[] } & Told)
  | { readonly kind: 'error'; readonly id: string | undefined; readonly problem: Problem };

/** A subscription as the client asks for it. */
export interface Subscription {
  readonly view: string;
  readonly window: string;
  readonly zone: string;
  readonly stats: readonly string[];
  /** How far back the windows reach. */
  readonly last: string;
  readonly offset?: string;
  /** The values that tags may have; where not given, all. */
  readonly where?: Readonly<Record<string, readonly string[]>>;
}

/** Where the windows of a period are asked for. */
export function windowsPath({ view, window, zone, stats, offset, where = {} }: Subscription, period: Period): string {
  const asked = new URLSearchParams({
    from: instantText(period.fromMs),
    to: instantText(period.toMs),
    window,
    zone,
    stats: stats.join(','),
  });
  if (offset !== undefined) asked.set('offset', offset);
  for (const [tag, values] of Object.entries(where)) for (const value of values) asked.append(tag, value);
  return `api/v1/views/${encodeURIComponent(view)}/windows?${asked}`;
}

/** Reads the answer to a question for windows, which is a snapshot of them. Throws StrangeMessage. */
export function readAnswer(answer: unknown): ServerMessage {
  return { kind: 'snapshot', ...told('answer', record(answer, 'the answer')) };
}

/** A text from the server that is not of the protocol. */
export class StrangeMessage extends Error {
  readonly kind = 'strange-message';

  constructor(reason: string) {
    super(`The server sent something that this page does not understand (${reason}); reload the page.`);
    this.name = 'StrangeMessage';
  }
}

/** Reads a text of the stream; undefined for a type that this page has no use for. Throws StrangeMessage. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  let parsed: unknown;
  try {
    parsed = parseExactJson(text);
  } catch {
    throw new StrangeMessage('no JSON');
  }
  const { type, id, ...rest } = record(parsed, 'the message');
  switch (type) {
    case 'snapshot':
      return { kind: 'snapshot', ...told(id, rest) };
    case 'changes':
      return { kind: 'changes', ...told(id, rest), gone: goneOf(rest['gone'] ?? []) };
    case 'error':
      return { kind: 'error', id: typeof id === 'string' ? id : undefined, problem: readProblem(rest['problem']) };
    default:
      return undefined;
  }
}

/** A problem in whatever form it came: its sentence is what people read. */
export function readProblem(value: unknown): Problem {
  if (typeof value === 'string') return { title: 'The server refused', detail: value, status: 400 };
  const { title, detail, status } = record(value ?? {}, 'the problem');
  return {
    title: typeof title === 'string' ? title : 'The server refused',
    detail: typeof detail === 'string' ? detail : 'It gave no reason.',
    status: typeof status === 'number' ? status : 400,
  };
}

/** Reads a window of the API. Throws StrangeMessage. */
export function readWindow(value: unknown): StreamWindow {
  const { start, end, tags, stats, completeness, final, expectedFrom, revision, pending } = record(value, 'a window');
  return {
    startMs: instant(start, 'start'),
    endMs: instant(end, 'end'),
    tags: record(tags, 'tags') as Record<string, string>,
    stats: record(stats, 'stats') as Record<string, Exact | null>,
    completeness: Number(completeness),
    final: final === true,
    ...(expectedFrom === undefined ? {} : { expectedFromMs: instant(expectedFrom, 'expectedFrom') }),
    revision: Number(revision),
    pending: Array.isArray(pending) ? (pending as readonly string[]) : NOTHING_PENDING,
  };
}

function goneOf(gone: unknown): readonly WindowName[] {
  if (!Array.isArray(gone)) throw new StrangeMessage('gone is no list');
  return gone.map((one: unknown) => {
    const { start, tags } = record(one, 'a window that is gone');
    return { startMs: instant(start, 'start'), tags: record(tags, 'tags') as Record<string, string> };
  });
}

/** Reads an RFC 3339 instant, in ms. Throws StrangeMessage. */
export function instant(value: unknown, what: string): number {
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs)) throw new StrangeMessage(`${what} is no time`);
  return atMs;
}

const NOTHING_PENDING: readonly string[] = [];

function told(id: unknown, rest: Record<string, unknown>): Told {
  const { position, freshness, provisional, without, windows } = rest;
  if (typeof id !== 'string' || typeof position !== 'string') throw new StrangeMessage('no id or position');
  if (!Array.isArray(windows)) throw new StrangeMessage('no windows');
  const freshnessMs = freshness === null || freshness === undefined ? null : instant(freshness, 'freshness');
  return {
    id,
    version: Number(rest['version']),
    position,
    freshnessMs,
    isProvisional: provisional === true,
    without: Array.isArray(without) ? (without as readonly string[]) : [],
    windows: windows.map(readWindow),
  };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StrangeMessage(`${what} is no object`);
  return value as Record<string, unknown>;
}

/**
 * A number of an answer: a double where that holds all the digits that were written, else the text itself, so that
 * `String(x)` always shows what the server said and `Number(x)` is good enough to draw.
 */
export type Exact = number | string;

/** What a reviver is told about the place of a value in the text (ECMA-262, JSON.parse source text access). */
interface ReviverContext {
  readonly source?: string;
}

/**
 * Parses JSON without losing digits: a number that a double does not hold as written comes back as its text. An engine
 * without source text access gives doubles. Throws SyntaxError.
 */
export function parseExactJson(text: string): unknown {
  const parse: (text: string, revive: Reviver) => unknown = JSON.parse;
  return parse(text, (_key, value, context) => {
    if (typeof value !== 'number') return value;
    const source = context?.source;
    return source === undefined || source === String(value) ? value : source;
  });
}

type Reviver = (key: string, value: unknown, context?: ReviverContext) => unknown;
