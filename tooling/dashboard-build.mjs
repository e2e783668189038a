/**
 * Builds the dashboard when its sources are newer than its build. Plain JavaScript, since the bootstrap and npm's
 * `prepare` call it on whatever Node is there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD_MS_MAX = 5 * 60_000;
/** What the checkout needs could not be made; `message` is a sentence with a remedy, and all that a person needs. */
export class SetUpFailed extends Error {}

const NOT_SOURCES = new Set(['dist', 'node_modules']);

/**
 * The latest change of anything in `dir`, in ms. The dates of inner folders count, they tell of files that were
 * removed; that of `dir` itself does not, because making dist/ changes it.
 * @param {string} dir
 * @returns {number}
 */
function newestMs(dir) {
  let newest = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (NOT_SOURCES.has(entry.name)) continue;
    const path = join(dir, entry.name);
    newest = Math.max(newest, statSync(path).mtimeMs, entry.isDirectory() ? newestMs(path) : 0);
  }
  return newest;
}

/**
 * Throws SetUpFailed when the build fails. Does nothing where there is no dashboard, or no Vite to build it with (`npm ci
 * --omit=dev`).
 * @param {string} root the checkout
 * @param {(line: string) => void} say
 */
export function buildDashboard(root, say) {
  const home = join(root, 'serving/dashboard');
  const built = join(home, 'dist/index.html');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  if (!existsSync(join(home, 'index.html')) || !existsSync(vite)) return;
  if (existsSync(built) && statSync(built).mtimeMs >= newestMs(home)) return;
  say('Building the dashboard ...');
  const node = join(root, 'node_modules/.bin/node');
  const args = [vite, 'build', '--logLevel', 'warn', home];
  const run = spawnSync(node, args, { cwd: root, stdio: ['ignore', 2, 2], timeout: BUILD_MS_MAX });
  if (run.status !== 0)
    throw new SetUpFailed(
      'The dashboard could not be built for the reason above; npm run build:dashboard tries again.',
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  try {
    buildDashboard(fileURLToPath(new URL('..', import.meta.url)), say);
  } catch (error) {
    // The packages are installed all the same; the next npm start or npm test tries again and fails if it must.
    say(error instanceof SetUpFailed ? error.message : String(error));
  }
}
