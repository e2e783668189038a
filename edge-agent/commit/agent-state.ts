import { joinKeys, prefixRange, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { WeirError } from '#core/errors.ts';
import type { PreviousIncarnation } from '#core/frames/birth.ts';
import { nameable, type SeriesEntry } from '#core/series/series.ts';
import type { LedgerHead } from '#core/wire/topics.ts';
import type { SourceCheckpoint } from '../sources/source.ts';

/** What an agent has counted, over all its runs. readings = counted + repeats + amended + missing + quarantined. */
export interface AgentTotals {
  readonly rows: number;
  readonly readings: number;
  readonly counted: number;
  readonly repeats: number;
  readonly amended: number;
  readonly missing: number;
  readonly quarantined: number;
  /** Of the quarantined ones, those that the server refused; they are kept, and sent again at the next start. */
  readonly refused: number;
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
  refused: 0,
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

/** The most of an agent that a ledger can have seen. */
export interface Shown {
  /** The last incarnation that anything was sent from; 0 where nothing ever was. */
  readonly incarnation: number;
  /** Of the last incarnation up to it that gave frames, the highest number. */
  readonly newest: LedgerHead | null;
  /** How often the agent had been let begin anew by then; left out where nobody said. */
  readonly life?: number | undefined;
}

/** The agent's own state beside journal and spool, written with each commit. */
export interface AgentHead {
  readonly format: number;
  readonly agent: string;
  readonly incarnation: number;
  readonly sequence: number;
  /** Number of the last report of refused rows. */
  readonly reports: number;
  /** The last incarnation that made a frame before this one. */
  readonly previous: PreviousIncarnation | null;
  /** What was shown before this start, as long as nothing is sent from it; `start` is its incarnation. */
  readonly shownBefore?: (Omit<Shown, 'life'> & { readonly start: number }) | undefined;
  /** How often the ledger had let the agent begin anew when something was last sent; absent where it did not say. */
  readonly life?: number | undefined;
  readonly closed: boolean;
  /** Highest pane revision given. */
  readonly revision: number;
  readonly totals: AgentTotals;
  /** Highest event time that any source has delivered, null before the first. */
  readonly watermarkMs: number | null;
  /** False until the agent first sends anything; absent in states of before this was kept, which count as acquainted. */
  readonly acquainted?: boolean;
  /**
   * Of so many entries, the first ones, metric and device alone say which series they are of, since that was so when they
   * were made; absent in states of that time, of all whose entries it holds.
   */
  readonly entriesByDevice?: number;
}

/**
 * Format 2 is that of agents whose dictionary has an entry that agents before it can't send (see {@link seriesFormat}), or
 * series that differ by their tags alone; 3 that of agents whose journal has known a break; 4 that of agents with more series
 * than one record of seals holds. All others write format 1 on.
 */
export const AGENT_STATE_FORMAT = 4;
/** Of agents whose journal has known a break. */
export const BREAKS_FORMAT = 3;

const HEAD = stringKey('head');
const ENTRY = stringKey('entry');
// On disk a checkpoint is called a place, as it once was everywhere: spools written then open unchanged.
const CHECKPOINT = stringKey('place');

/** The directory holds the state of another agent, or of a newer format. */
export class AgentStateRefused extends WeirError {
  readonly kind = 'agent-state-refused';

  constructor(message: string) {
    super(message, { fault: 'data' });
  }
}

/** What may have been sent from the state that a head tells of, and from those before it. */
export function shownBy(head: AgentHead): Shown {
  const { life } = head;
  return life === undefined ? numbersShown(head) : { ...numbersShown(head), life };
}

function numbersShown({ incarnation, sequence, previous, acquainted, shownBefore }: AgentHead): Omit<Shown, 'life'> {
  if (acquainted === false) return { incarnation: 0, newest: null };
  // What was kept for another start is of no use: a version has run since that doesn't keep it, and may have sent anything.
  if (shownBefore?.start === incarnation) return { incarnation: shownBefore.incarnation, newest: shownBefore.newest };
  if (sequence > 0) return { incarnation, newest: { incarnation, highestSequence: sequence } };
  if (previous === null) return { incarnation, newest: null };
  return { incarnation, newest: { incarnation: previous.incarnation, highestSequence: previous.lastSequence } };
}

/** The head with which the start after the one of `head` begins. */
export function nextStart(head: AgentHead): AgentHead {
  const { incarnation, sequence: lastSequence, closed } = head;
  const previous = lastSequence > 0 ? { incarnation, lastSequence, closed } : head.previous;
  const start = incarnation + 1;
  return {
    ...head,
    incarnation: start,
    sequence: 0,
    previous,
    shownBefore: { start, ...numbersShown(head) },
    closed: false,
  };
}

/** That of an agent which was never started. */
export function freshHead(agent: string): AgentHead {
  return {
    format: 1,
    agent,
    incarnation: 0,
    sequence: 0,
    reports: 0,
    previous: null,
    closed: true,
    revision: 0,
    totals: NO_TOTALS,
    watermarkMs: null,
    acquainted: false,
  };
}

export async function loadHead(table: Table, agent: string): Promise<AgentHead> {
  const bytes = await table.get(HEAD);
  if (bytes === undefined) return { ...freshHead(agent), entriesByDevice: 0 };
  const head = JSON.parse(Buffer.from(bytes).toString()) as AgentHead;
  if (head.format > AGENT_STATE_FORMAT) {
    throw new AgentStateRefused(
      `the spool was written in format ${head.format}, newer than ${AGENT_STATE_FORMAT}, which this version reads; run the newer version on it`,
    );
  }
  if (head.agent !== agent) {
    throw new AgentStateRefused(
      `the spool belongs to agent ${head.agent}, not to ${agent}; give agent ${agent} its own spool.dir`,
    );
  }
  // What an earlier version wrote lacks the totals that came later.
  return { ...head, totals: { ...NO_TOTALS, ...head.totals } };
}

export function headOperation(head: AgentHead): TableOperation {
  return { kind: 'put', key: HEAD, value: json(head) };
}

export async function loadEntries(table: Table): Promise<SeriesEntry[]> {
  const entries: SeriesEntry[] = [];
  for await (const [, bytes] of table.scan(prefixRange(ENTRY)))
    entries.push(nameable(JSON.parse(Buffer.from(bytes).toString()) as SeriesEntry));
  return entries;
}

export function entryOperations(entries: readonly SeriesEntry[], from: number): TableOperation[] {
  return entries
    .slice(from)
    .map((entry, i) => ({ kind: 'put', key: joinKeys(ENTRY, uintKey(from + i)), value: json(entry) }));
}

/** Where a source is to be opened again, or null where it never committed. */
export async function loadCheckpoint(table: Table, source: string): Promise<SourceCheckpoint | null> {
  const bytes = await table.get(joinKeys(CHECKPOINT, stringKey(source)));
  return bytes === undefined ? null : (JSON.parse(Buffer.from(bytes).toString()) as SourceCheckpoint);
}

export function checkpointOperation(source: string, checkpoint: SourceCheckpoint): TableOperation {
  return { kind: 'put', key: joinKeys(CHECKPOINT, stringKey(source)), value: json(checkpoint) };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
