import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainHead, EMPTY_CHAIN, followedBy, headOf, parseLine } from '#core/identity/chain.ts';
import { codeOf } from '../storage-errors.ts';
import { fileName, readHead, segmentsIn } from './audit-log.ts';

/** A line of the audit log: when, what, and whatever belongs to it. */
export interface AuditLine {
  readonly n: number;
  readonly at: string;
  readonly kind: string;
  readonly [fact: string]: unknown;
}

/** What was found out about a chain. */
export interface ChainVerdict {
  /** The first line that is there: older ones made room. */
  readonly first: number;
  readonly head: ChainHead;
  /** What is wrong, as sentences; none where it is whole. */
  readonly faults: readonly string[];
}

/** Breaks of a chain that are told; who writes a log anew may make as many as it has lines. */
const BREAKS_TOLD_MAX = 100;

/** All lines of the audit log in `dir`, from the oldest on; none where there is none. Lines that are none are left out. */
export async function* auditLines(dir: string): AsyncGenerator<AuditLine> {
  for await (const line of rawLines(dir)) {
    const { at, kind, n, ...facts } = parseLine(line) ?? {};
    if (typeof at === 'string' && typeof kind === 'string' && typeof n === 'number') yield { n, at, kind, ...facts };
  }
}

/**
 * Checks that no line was changed, taken out or put in, and, beside the head that was noted last and one that somebody noted elsewhere, that
 * none is gone from the end. A server may go on writing meanwhile.
 */
export async function checkAudit(dir: string, noted?: ChainHead): Promise<ChainVerdict> {
  // First of all: the lines go at least as far by the time that they are read.
  const kept = await readHead(dir);
  const faults: string[] = [];
  let head = EMPTY_CHAIN;
  let first: number | undefined;
  let isKeptMet = kept === undefined || kept.count === 0;
  let isNotedMet = noted === undefined || noted.count === 0;
  for await (const line of rawLines(dir)) {
    if (first === undefined) {
      const { n, previous } = parseLine(line) ?? {};
      if (typeof n === 'number' && typeof previous === 'string') head = { count: n - 1, hash: previous };
      first = head.count + 1;
    }
    const isNext = followedBy(head, line) !== undefined;
    if (!isNext && faults.length < BREAKS_TOLD_MAX)
      faults.push(`line ${head.count + 1} is not what followed line ${head.count}`);
    // Behind a break it is gone on with the number that stands there, so that one line that is gone is told once.
    const n = isNext ? undefined : parseLine(line)?.['n'];
    head = headOf(line, typeof n === 'number' ? n : head.count + 1);
    isKeptMet ||= isSame(head, kept);
    isNotedMet ||= isSame(head, noted);
  }
  const since = first ?? 1;
  if (kept !== undefined && kept.count > head.count)
    faults.push(`it ends with line ${head.count}, and once went to line ${kept.count}`);
  else if (!isKeptMet && kept !== undefined && kept.count >= since)
    faults.push(`line ${kept.count} is not the one that was the last`);
  if (!isNotedMet && noted !== undefined && noted.count >= since)
    faults.push(`line ${noted.count} is not the one whose hash was noted`);
  return { first: since, head, faults };
}

function isSame(head: ChainHead, other: ChainHead | undefined): boolean {
  return head.count === other?.count && head.hash === other.hash;
}

/** Whole lines: one that a crash cut off, or that is being written, is none. Segments that make room meanwhile hold none either. */
async function* rawLines(dir: string): AsyncGenerator<string> {
  for (const segment of (await segmentsIn(dir).catch(noneWhereAbsent)) ?? []) {
    const text = (await readFile(join(dir, fileName(segment)), 'utf8').catch(noneWhereAbsent)) ?? '';
    for (const line of text.split('\n').slice(0, -1)) if (line !== '') yield line;
  }
}

function noneWhereAbsent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}
