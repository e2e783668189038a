import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where tools are kept between checkouts: `weir` in the user's cache folder, as the XDG base directory specification
 * places it (an empty variable counts as unset).
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir');
}

/** The folder of one tool in one version. */
export function toolDir(tool: string, version: string): string {
  return join(cacheRoot(), `${tool}-${version}`);
}

/**
 * Fills `dir` in one step: `build` works in a draft beside it, which takes its place only when complete, so that a
 * killed build leaves nothing that looks finished, and of two builds at once the first to be complete stays. What was in
 * `dir` before is removed.
 */
export async function fillDir(dir: string, build: (draft: string) => Promise<void>): Promise<void> {
  await mkdir(join(dir, '..'), { recursive: true });
  await rm(dir, { recursive: true, force: true });
  const draft = await mkdtemp(`${dir}-draft-`);
  try {
    await build(draft);
    await rename(draft, dir);
  } catch (error) {
    // Another process was quicker; what it put there is whole, for it did the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
