import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf, DirectoryMismatch, DirectoryUnusable, NewerFormat } from '../storage-errors.ts';
import { createDurably, makeDirectoryDurably, syncDirectory } from './durable-file.ts';

/** The file that says what a directory of Weir's holds and in which format, as one line of JSON that people can read. */
export const MARKER_FILE = 'weir.json';

/** What a marker states: the kind of thing stored, the format's number, and facts fixed at its creation. */
export interface Marker {
  readonly kind: string;
  readonly format: number;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * The marker of `dir`, or undefined when there is none yet. Checks that the directory holds a `kind` of a format that is
 * at most `format`. Throws DirectoryMismatch, NewerFormat or DirectoryUnusable.
 */
export async function readMarker(dir: string, kind: string, format: number): Promise<Marker | undefined> {
  let text: string;
  try {
    text = await readFile(join(dir, MARKER_FILE), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new DirectoryUnusable(dir, error);
  }
  const marker = parseMarker(text);
  if (marker === undefined) throw new DirectoryMismatch(dir, kind, `a ${MARKER_FILE} that can't be read`);
  if (marker.kind !== kind) throw new DirectoryMismatch(dir, kind, `a ${marker.kind}`);
  if (marker.format > format) throw new NewerFormat(kind, dir, marker.format, format);
  return marker;
}

/**
 * The marker of `dir`, which is made with these facts when the directory is new. When two processes make it at once,
 * both get the marker of the one that was first. It would survive a loss of power when this resolves, whoever made it.
 */
export async function claimDirectory(dir: string, marker: Marker): Promise<Marker> {
  const present = await readMarker(dir, marker.kind, marker.format);
  try {
    if (present !== undefined) {
      await keepNames(dir);
      return present;
    }
    await makeDirectoryDurably(dir);
    const line = JSON.stringify({ kind: marker.kind, format: marker.format, ...marker.facts });
    await createDurably(join(dir, MARKER_FILE), new TextEncoder().encode(`${line}\n`));
  } catch (error) {
    throw new DirectoryUnusable(dir, error);
  }
  const made = await readMarker(dir, marker.kind, marker.format);
  if (made === undefined)
    throw new DirectoryUnusable(dir, new Error(`its ${MARKER_FILE} was removed while it was made`));
  return made;
}

/** Whoever made the directory may have ended, or met a failing disk, before its name and the marker's were durable. */
async function keepNames(dir: string): Promise<void> {
  await syncDirectory(dir);
  await syncDirectory(dirname(resolve(dir))).catch((error: unknown) => {
    // Who may not read there has not made it.
    if (codeOf(error) !== 'EACCES') throw error;
  });
}

function parseMarker(text: string): Marker | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { kind, format, ...rest } = parsed as Record<string, unknown>;
  if (typeof kind !== 'string' || typeof format !== 'number' || !Number.isSafeInteger(format)) return undefined;
  const facts: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'string' || typeof value === 'number') facts[name] = value;
  }
  return { kind, format, facts };
}
