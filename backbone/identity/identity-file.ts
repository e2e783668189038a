import { open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Fault, reasonOf, WeirError } from '#core/errors.ts';
import { chained, type ChainHead, EMPTY_CHAIN, followedBy, headOf } from '#core/identity/chain.ts';
import { Identities, identityChange, type IdentityChange } from '#core/identity/identities.ts';
import { createDurably } from '../disk/durable-file.ts';
import { claimDirectory, readMarker } from '../disk/marker.ts';
import { codeOf } from '../storage-errors.ts';

/** Identities, or the record of what was done to them, can't be read, written or believed. */
export class IdentitiesUnusable extends WeirError {
  readonly kind = 'identities-unusable';

  constructor(what: string, why: unknown, remedy: string, fault: Fault = 'world') {
    super(`${what} can't be used: ${reasonOf(why)}; ${remedy}`, {
      fault,
      ...(why instanceof Error ? { cause: why } : {}),
    });
  }
}

/**
 * A directory with one file that counts: of `identities-GENERATION.ndjson` the one with the highest number. It holds a line of JSON for each
 * change since the first, chained. A writer makes the next generation, which of two one can do, and removes those before it.
 */
const KIND = 'identities';
const FORMAT = 1;
const NAME = /^identities-(\d{9})\.ndjson$/;

/** All that ever happened to identities; a line has some 350 bytes, and a generation is written whole. */
export const CHANGES_MAX = 100_000;

/** Attempts at a change, or at reading, while others change it too. */
const ATTEMPTS_MAX = 100;

/** A change with what is recorded beside it. */
const recordedChange = z.strictObject({
  n: z.int(),
  /** When, as ISO 8601, by the clock of the machine that changed it. */
  at: z.iso.datetime(),
  /** The user of that machine. */
  by: z.string(),
  change: identityChange,
  previous: z.string(),
});
export type RecordedChange = Readonly<z.output<typeof recordedChange>>;

/** How far a reader is. */
export interface ReadSoFar {
  readonly generation: number;
  readonly bytes: number;
  readonly head: ChainHead;
}

export const NOTHING_READ: ReadSoFar = { generation: 0, bytes: 0, head: EMPTY_CHAIN };

/** What came behind that; `text` as it stands in the file. */
export interface ReadChanges {
  readonly changes: readonly RecordedChange[];
  readonly text: string;
  readonly read: ReadSoFar;
}

/** The changes behind `from`; none where there is nothing new, or no directory. Throws IdentitiesUnusable, and what
 * `readMarker` throws. */
export async function readChanges(dir: string, from: ReadSoFar): Promise<ReadChanges> {
  for (let attempt = 1; ; attempt++) {
    try {
      const generation = await newestGeneration(dir);
      if (generation === from.generation) return { changes: [], text: '', read: from };
      if (generation < from.generation)
        throw unusable(dir, `generation ${from.generation} was there, and now ${generation} is the newest`);
      await readMarker(dir, KIND, FORMAT);
      const text = await readBehind(dir, generation, from.bytes);
      const { changes, head } = parseChanges(dir, text, from.head);
      return { changes, text, read: { generation, bytes: from.bytes + Buffer.byteLength(text), head } };
    } catch (error) {
      if (error instanceof WeirError) throw error;
      // Somebody may have put the next generation in its place.
      if (codeOf(error) !== 'ENOENT' || attempt >= ATTEMPTS_MAX)
        throw new IdentitiesUnusable(dir, error, 'check its rights and its disk');
    }
  }
}

/**
 * Changes who is known: `decide` gives the changes by what is known now, and is asked again where somebody else was faster. Durable
 * when it resolves. Throws what `decide` throws, and IdentitiesUnusable.
 */
export async function changeIdentities(
  dir: string,
  { at, by }: Pick<RecordedChange, 'at' | 'by'>,
  decide: (known: Identities) => readonly IdentityChange[],
): Promise<void> {
  await claimDirectory(dir, { kind: KIND, format: FORMAT, facts: {} });
  const known = new Identities();
  let read = NOTHING_READ;
  let text = '';
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const more = await readChanges(dir, read);
    for (const { change } of more.changes) known.apply(change);
    ({ read } = more);
    text += more.text;
    const decided = decide(known);
    if (decided.length === 0) return;
    if (read.head.count + decided.length > CHANGES_MAX) {
      const remedy = 'put this folder aside, and enrol anew in an empty one';
      throw new IdentitiesUnusable(dir, `it would hold more than ${CHANGES_MAX} changes`, remedy, 'asked');
    }
    let { head } = read;
    let added = '';
    for (const change of decided) {
      const next = chained({ at, by, change }, head);
      ({ head } = next);
      added += `${next.line}\n`;
    }
    if (await putGeneration(dir, read.generation + 1, text + added)) return;
  }
  throw new IdentitiesUnusable(dir, 'others change it all the time', 'try again');
}

/** Whether this is the generation that counts now. */
async function putGeneration(dir: string, generation: number, text: string): Promise<boolean> {
  const path = join(dir, fileName(generation));
  if (!(await createDurably(path, Buffer.from(text)))) return false;
  const generations = await generationsIn(dir);
  // A name is free again once the generation behind it is there: whoever made it then was too late.
  const isNewest = generations.every((one) => one <= generation);
  const old = isNewest ? generations.filter((one) => one < generation) : [generation];
  for (const one of old) await unlink(join(dir, fileName(one))).catch(() => undefined);
  return isNewest;
}

function parseChanges(
  dir: string,
  text: string,
  from: ChainHead,
): { readonly changes: RecordedChange[]; readonly head: ChainHead } {
  if (text !== '' && !text.endsWith('\n')) throw unusable(dir, 'its last line is cut off');
  const changes: RecordedChange[] = [];
  let head = from;
  for (const line of text.split('\n').slice(0, -1)) {
    const parsed = recordedChange.safeParse(followedBy(head, line));
    if (!parsed.success) throw unusable(dir, `line ${head.count + 1} is not what followed line ${head.count}`);
    changes.push(parsed.data);
    head = headOf(line, head.count + 1);
  }
  return { changes, head };
}

async function readBehind(dir: string, generation: number, bytes: number): Promise<string> {
  const file = await open(join(dir, fileName(generation)), 'r');
  try {
    const { size } = await file.stat();
    if (size < bytes) throw unusable(dir, `generation ${generation} has lost changes that were there`);
    const buffer = Buffer.alloc(size - bytes);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** 0 where there is none. */
async function newestGeneration(dir: string): Promise<number> {
  return Math.max(0, ...(await generationsIn(dir)));
}

async function generationsIn(dir: string): Promise<readonly number[]> {
  try {
    return (await readdir(dir)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function fileName(generation: number): string {
  return `identities-${String(generation).padStart(9, '0')}.ndjson`;
}

function unusable(dir: string, why: string): IdentitiesUnusable {
  const remedy = 'it was edited, or damaged; put back a copy, or enrol anew in an empty folder';
  return new IdentitiesUnusable(dir, why, remedy, 'data');
}
