import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory for a test or a measurement, gone with all that is in it when it is disposed of. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly dir: string;
}

export async function makeTemporaryDirectory(purpose: string): Promise<TemporaryDirectory> {
  const dir = await mkdtemp(join(tmpdir(), `weir-${purpose}-`));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** A temporary directory, and what is opened in it as often as a conformance suite asks. */
export interface DirectoryHarness<T> extends TemporaryDirectory {
  open(): Promise<T>;
}

export async function makeDirectoryHarness<T>(
  purpose: string,
  open: (options: { readonly dir: string }) => Promise<T>,
): Promise<DirectoryHarness<T>> {
  const place = await makeTemporaryDirectory(purpose);
  return { ...place, open: () => open({ dir: place.dir }) };
}
