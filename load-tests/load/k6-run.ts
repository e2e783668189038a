import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { runCommand } from '#tooling/servers/command.ts';
import { locateServer } from '#tooling/servers/locate-server.ts';

const K6 = fileURLToPath(new URL('../k6/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Writes a script of `load-tests/k6` to `dir` as one file that k6 runs, with what it uses of core; gives its path. */
async function bundleScript(script: string, dir: string): Promise<string> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    resolve: {
      alias: [
        { find: /^node:(assert|zlib)$/, replacement: join(K6, 'without-node.ts') },
        { find: /^#core\//, replacement: join(ROOT, 'core/') },
      ],
    },
    build: {
      outDir: dir,
      target: 'es2022',
      minify: false,
      lib: { entry: join(K6, `${script}.ts`), formats: ['es'], fileName: () => `${script}.js` },
      rolldownOptions: { external: /^k6(\/|$)/ },
    },
  });
  return join(dir, `${script}.js`);
}

/** A metric of k6 as its summary tells it. */
export interface K6Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface K6Run {
  readonly metrics: Readonly<Record<string, K6Metric>>;
  /** The thresholds of what has to be so at any speed that were not kept, as `metric: condition (values)`. */
  readonly broken: readonly string[];
  /** Those of how long something took, or how much of it was done. */
  readonly missed: readonly string[];
}

/** Without a server of its own for other tools, whose port another run may have. */
const RUN = ['run', '--quiet', '--no-usage-report', '--address', ''];
/** Status of a run whose thresholds are broken (k6, errext/exitcodes). */
const THRESHOLDS_BROKEN = 99;
/** Beyond the time that a script runs: compiling, and what k6 waits for at its end. */
const OVERTIME_MS = 120_000;

/** Runs a script of `load-tests/k6` for about so many seconds. Throws where k6 is missing or can't run it. */
export async function runK6(script: string, seconds: number, env: Readonly<Record<string, string>>): Promise<K6Run> {
  const k6 = await locateServer('k6');
  if (k6.kind === 'missing') throw new Error(k6.message);
  await using folder = await makeTemporaryDirectory('k6');
  const summary = join(folder.dir, 'summary.json');
  const path = await bundleScript(script, folder.dir);
  const given = Object.entries({ ...env, SUMMARY: summary }).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const { status, output } = await runCommand(k6.path, [...RUN, ...given, path], {
    timeoutMs: seconds * 1_000 + OVERTIME_MS,
  });
  if (status !== 0 && status !== THRESHOLDS_BROKEN) throw new Error(`k6 ended with status ${status}:\n${output}`);
  const metrics = JSON.parse(await readFile(summary, 'utf8')) as K6Run['metrics'];
  const broken = [...exceptionsIn(output), ...unkept(metrics, (name) => !isOfSpeed(name))];
  return { metrics, broken, missed: unkept(metrics, isOfSpeed) };

  function isOfSpeed(name: string): boolean {
    return metrics[name]!.type === 'trend' || name.startsWith('dropped_iterations');
  }
}

/** What scripts threw, which by itself fails no run of k6. */
function exceptionsIn(output: string): readonly string[] {
  return output.split('\n').filter((line) => line.includes('level=error') && !line.includes('thresholds on metrics'));
}

function unkept(metrics: K6Run['metrics'], isMeant: (name: string) => boolean): string[] {
  return Object.entries(metrics).flatMap(([name, { values, thresholds = {} }]) =>
    Object.entries(thresholds)
      .filter(([, { ok }]) => !ok && isMeant(name))
      .map(([condition]) => `${name}: ${condition} (${JSON.stringify(values)})`),
  );
}
