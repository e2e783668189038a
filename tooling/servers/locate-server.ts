import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from './command.ts';
import { InstallFailed, SERVER_RECIPES, type ServerName, type ServerRecipe } from './server-recipes.ts';

/** A tool that can be started. `origin` says where it came from; `installed` means just now. */
export interface ServerFound {
  readonly kind: 'found';
  readonly name: string;
  readonly path: string;
  readonly version: string;
  readonly origin: 'path' | 'cache' | 'installed';
}

/** A tool that can't be had here. `message` is complete: what is missing, why, what that leaves untested, the remedy. */
export interface ServerMissing {
  readonly kind: 'missing';
  readonly name: string;
  /** Whether a run that must leave no test out may go on without it. */
  readonly isOptional: boolean;
  readonly message: string;
}

const VERSION_TIMEOUT_MS = 30_000;

const located = new Map<ServerName, Promise<ServerFound | ServerMissing>>();

/**
 * Where a tool is: on the PATH in a version that will do, else in the cache, else installed into the cache from a
 * package registry, which takes up to some minutes the first time on a machine. Asked once per process.
 */
export async function locateServer(name: ServerName): Promise<ServerFound | ServerMissing> {
  let location = located.get(name);
  if (location === undefined) {
    location = locate(SERVER_RECIPES[name]);
    located.set(name, location);
  }
  return location;
}

/** Looks for one tool by its recipe, without memory. */
export async function locate(recipe: ServerRecipe): Promise<ServerFound | ServerMissing> {
  const onPath = await findOnPath(recipe);
  if (onPath !== undefined) return onPath;
  const dir = toolDir(recipe.name, recipe.version);
  const path = join(dir, recipe.binary);
  const cached = await versionAt(recipe, path);
  if (cached !== undefined) return { kind: 'found', name: recipe.name, path, version: cached, origin: 'cache' };
  try {
    await fillDir(dir, recipe.install);
  } catch (error) {
    if (!(error instanceof InstallFailed)) throw error;
    return missing(recipe, error.message);
  }
  const version = await versionAt(recipe, path);
  if (version === undefined) return missing(recipe, `${path} was installed but does not start.`);
  return { kind: 'found', name: recipe.name, path, version, origin: 'installed' };
}

function missing(recipe: ServerRecipe, reason: string): ServerMissing {
  const message = `${recipe.name} is not here. ${reason}\nWithout it ${recipe.leavesUntested}. ${recipe.remedy}`;
  return { kind: 'missing', name: recipe.name, isOptional: recipe.isOptional === true, message };
}

async function findOnPath(recipe: ServerRecipe): Promise<ServerFound | undefined> {
  const dirs = (process.env['PATH'] ?? '').split(delimiter).filter((dir) => dir !== '');
  for (const path of recipe.commands.flatMap((command) => dirs.map((dir) => join(dir, command)))) {
    const version = await versionAt(recipe, path);
    if (version !== undefined && recipe.accepts(version)) {
      return { kind: 'found', name: recipe.name, path, version, origin: 'path' };
    }
  }
  return undefined;
}

/** The version of the program at `path`, or undefined when there is none, or one that is not this tool. */
async function versionAt(recipe: ServerRecipe, path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    // Absent or not executable are one answer here: it is not at this place.
    return undefined;
  }
  const { output } = await runCommand(path, recipe.versionArgs ?? ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
  return recipe.versionIn(output);
}

/**
 * Where tools are kept between checkouts: `weir` in the user's cache folder, as the XDG base directory specification
 * places it (an empty variable counts as unset).
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir');
}

/** The folder of one tool in one version. */
function toolDir(tool: string, version: string): string {
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
