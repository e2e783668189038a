import { auditLines, checkAudit } from '#backbone/identity/audit-check.ts';
import { IdentitiesUnusable, NOTHING_READ, readChanges } from '#backbone/identity/identity-file.ts';
import type { ChainHead } from '#core/identity/chain.ts';
import { parseInstant } from '#core/time/instant.ts';
import { openZone } from '#core/time/zone.ts';
import { auditDirOf, dataDirOf, type DataFlags, identityDirOf } from '../data-dir.ts';

/** What was noted, or changed: when, what, and whatever belongs to it. */
export interface AuditRow {
  readonly at: string;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What the server noted, and what was changed at the identities, by their times; the newest `limit` of those that are asked for. */
export async function auditRows(
  flags: DataFlags,
  { since, kind, limit }: { readonly since?: string; readonly kind?: string; readonly limit: number },
): Promise<readonly AuditRow[]> {
  const fromMs = since === undefined ? Number.NEGATIVE_INFINITY : parseInstant(since, openZone('UTC'));
  const dataDir = dataDirOf(flags);
  const isAsked = (row: AuditRow): boolean => (kind === undefined || row.kind === kind) && Date.parse(row.at) >= fromMs;
  const rows: AuditRow[] = [];
  for await (const { at, kind: what, n: _, previous: __, ...facts } of auditLines(auditDirOf(dataDir))) {
    const row = { at, kind: what, facts };
    if (isAsked(row)) rows.push(row);
    if (rows.length >= 2 * limit) rows.splice(0, rows.length - limit);
  }
  const { changes } = await readChanges(identityDirOf(dataDir), NOTHING_READ);
  for (const { at, by, change } of changes) {
    const { kind: what, ...facts } = change;
    // A hash of a token is nothing that anybody has to see.
    const row = { at, kind: what, facts: { by, ...facts, hash: undefined } };
    if (isAsked(row)) rows.push(row);
  }
  return rows.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-limit);
}

/** What was found out about the two chains; heads as `COUNT:HASH`. */
export interface ChainsVerdict {
  readonly audit: { readonly first: number; readonly head: string };
  readonly identities: { readonly head: string | null };
  readonly faults: readonly string[];
}

/** Checks that both chains are as they were written, and that the identities still hold what the server went by. */
export async function checkChains(flags: DataFlags, noted: ChainHead | undefined): Promise<ChainsVerdict> {
  const dataDir = dataDirOf(flags);
  const audit = await checkAudit(auditDirOf(dataDir), noted);
  const faults = audit.faults.map((fault) => `audit: ${fault}`);
  let identities: string | null = null;
  // Before the identities, which go at least as far by the time that they are read.
  const wentBy = await headsNotedIn(auditDirOf(dataDir));
  try {
    const { read, heads } = await headsOf(identityDirOf(dataDir));
    identities = formatHead(read);
    const other = wentBy.find(({ count, hash }) => count > 0 && heads[count - 1] !== hash);
    if (other !== undefined)
      faults.push(
        `identities: the server went by ${other.count} changes, of which the last was another than is there now`,
      );
  } catch (error) {
    if (!(error instanceof IdentitiesUnusable)) throw error;
    faults.push(`identities: ${error.message}`);
  }
  return { audit: { first: audit.first, head: formatHead(audit.head) }, identities: { head: identities }, faults };
}

/** The heads of the identities that the server went by, each once. */
async function headsNotedIn(dir: string): Promise<readonly ChainHead[]> {
  const noted = new Map<string, ChainHead>();
  for await (const { kind, count, hash } of auditLines(dir)) {
    if (kind !== 'identities' || typeof count !== 'number' || typeof hash !== 'string') continue;
    noted.set(formatHead({ count, hash }), { count, hash });
  }
  return [...noted.values()];
}

/** The head after each change, by its hash. */
async function headsOf(dir: string): Promise<{ readonly read: ChainHead; readonly heads: readonly string[] }> {
  const { changes, read } = await readChanges(dir, NOTHING_READ);
  // Each line names the hash of the one before it.
  const heads = [...changes.slice(1).map(({ previous }) => previous), read.head.hash];
  return { read: read.head, heads };
}

function formatHead({ count, hash }: ChainHead): string {
  return `${count}:${hash}`;
}
