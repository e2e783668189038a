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

/** All lines of the audit log in `dir`, from the oldest on; none where there is none. Lines that are none are left out. */
export async function* auditLines(dir: string): AsyncGenerator<AuditLine> {
  for await (const line of rawLines(dir)) {
    const { at, kind, n, ...facts } = parseLine(line) ?? {};
    if (typeof at === 'string' && typeof kind === 'string' && typeof n === 'number') yield { n, at, kind, ...facts };
  }
}

/**
 * Checks that no line was changed, taken out or put in, and, beside the head that was noted last and one that somebody noted elsewhere, that
 * none is gone from the end.
 */
export async function checkAudit(dir: string, noted?: ChainHead): Promise<ChainVerdict> {
  const faults: string[] = [];
  let head = EMPTY_CHAIN;
  let first: number | undefined;
  let isNotedMet = noted === undefined || noted.count === 0;
  for await (const line of rawLines(dir)) {
    if (first === undefined) {
      const { n, previous } = parseLine(line) ?? {};
      if (typeof n === 'number' && typeof previous === 'string') head = { count: n - 1, hash: previous };
      first = head.count + 1;
    }
    if (followedBy(head, line) === undefined)
      faults.push(`line ${head.count + 1} is not what followed line ${head.count}`);
    head = headOf(line, head.count + 1);
    isNotedMet ||= head.count === noted?.count && head.hash === noted.hash;
  }
  const kept = await readHead(dir);
  if (kept !== undefined && (kept.count > head.count || (kept.count === head.count && kept.hash !== head.hash)))
    faults.push(`it ends with line ${head.count}, and once went to line ${kept.count}`);
  if (!isNotedMet && noted !== undefined && noted.count >= (first ?? 1))
    faults.push(`line ${noted.count} is not the one whose hash was noted`);
  return { first: first ?? 1, head, faults };
}

async function* rawLines(dir: string): AsyncGenerator<string> {
  for (const segment of await segmentsIn(dir).catch(noneWhereAbsent)) {
    const text = await readFile(join(dir, fileName(segment)), 'utf8');
    for (const line of text.split('\n')) if (line !== '') yield line;
  }
}

function noneWhereAbsent(error: unknown): readonly number[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}
