/**
 * Makes a checkout ready to run: the dependencies of the lock file, the project's own Node, the built dashboard. It is
 * plain JavaScript without dependencies because it runs on whatever Node the machine has, on a clone that holds nothing
 * yet. It prints only when it has something to do, on standard error, and ends with status 1 and a remedy when it can't.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard, SetUpFailed } from './dashboard-build.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR_MIN = 24;
const NPM_MS_MAX = 15 * 60_000;

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/**
 * What differs between the lock file and what is installed, as a phrase, or undefined when nothing does. It compares
 * versions, not dates: a checkout changes dates at will. Packages for other platforms are optional, and so not missed.
 */
function missingInstall() {
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return 'nothing is installed yet';
  const installed = readJson('node_modules/.package-lock.json').packages;
  for (const [place, wanted] of Object.entries(readJson('package-lock.json').packages)) {
    if (place === '' || wanted.optional || wanted.devOptional) continue;
    const version = installed[place]?.version;
    if (version !== wanted.version) {
      return `${place.replace('node_modules/', '')} is ${version ?? 'missing'}, the lock file has ${wanted.version}`;
    }
  }
  return existsSync(join(ROOT, 'node_modules/.bin/node')) ? undefined : "the project's Node is missing";
}

/**
 * Runs npm with `nodeDir` first on the PATH, so that npm itself runs on the Node there.
 * @param {string[]} args
 * @param {string} cwd
 * @param {string | undefined} nodeDir
 */
function npm(args, cwd, nodeDir) {
  const env = { ...process.env };
  // What an outer npm says about its own run must not steer this one.
  for (const name of Object.keys(env)) if (/^npm_(package|lifecycle|config_local_prefix)/.test(name)) delete env[name];
  if (nodeDir !== undefined) env['PATH'] = `${nodeDir}${delimiter}${env['PATH'] ?? ''}`;
  const run = spawnSync('npm', args, { cwd, env, stdio: ['ignore', 2, 2], timeout: NPM_MS_MAX });
  if (run.error) throw new SetUpFailed(`npm could not be run: ${run.error.message}. Install npm 10 or newer.`);
  if (run.status !== 0) {
    throw new SetUpFailed(
      `npm ${args.join(' ')} failed (${run.signal ?? `status ${run.status}`}). ` +
        'Check that the package registry can be reached (npm ping) and try again.',
    );
  }
}

/**
 * The folder of a Node that is new enough to install with, or undefined when this process runs on one. An older npm on
 * an older Node leaves out platform packages that don't name its version, without a word.
 */
function nodeToInstallWith() {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) return undefined;
  const version = readJson('package.json').dependencies.node;
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weir');
  const home = join(cache, `node-${version}`);
  const binDir = join(home, 'node_modules/node/bin');
  if (existsSync(join(binDir, 'node'))) return binDir;
  say(`Weir runs on Node ${version}; this machine has ${process.versions.node}. Fetching it into ${home} ...`);
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'node-draft-'));
  try {
    const manifest = { private: true, dependencies: { node: version }, allowScripts: { node: true } };
    writeFileSync(join(draft, 'package.json'), JSON.stringify(manifest));
    npm(['install', '--prefix', draft, '--no-audit', '--no-fund', '--no-package-lock'], draft, undefined);
    rmSync(home, { recursive: true, force: true });
    renameSync(draft, home);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return binDir;
}

function install() {
  const reason = missingInstall();
  if (reason === undefined) return;
  say(`Installing the dependencies (${reason}) ...`);
  npm(['ci'], ROOT, nodeToInstallWith());
  if (existsSync(join(ROOT, 'node_modules/.bin/node'))) return;
  throw new SetUpFailed(
    "The project's Node is not there after the installation, most likely because npm runs no install scripts here. " +
      'Allow the one that fetches it: npm rebuild node --ignore-scripts=false',
  );
}

try {
  install();
  buildDashboard(ROOT, say);
} catch (error) {
  say(error instanceof SetUpFailed ? error.message : String(error));
  process.exitCode = 1;
}
