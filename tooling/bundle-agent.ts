/**
 * Makes `dist/weir-agent.mjs`: all that runs on a gateway (`weir-agent.mjs edge`, `check`, `password`) in one file, for Node 24 and newer on
 * Linux, on x64 and arm64, with glibc and musl. Beside it, under what licences its parts are.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { type Plugin, rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The storage engine as its package builds it, by platform. */
const ADDONS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64/classic-level.node',
  'linux-x64-musl': 'linux-x64/classic-level.musl.node',
  'linux-arm64': 'linux-arm64/classic-level.armv8.node',
};

/** Makes the bundle in `dir`; gives its path. */
export async function bundleAgent(dir: string): Promise<string> {
  const file = join(dir, 'weir-agent.mjs');
  const bundle = await rolldown({
    input: join(ROOT, 'cli/weir-agent.ts'),
    cwd: ROOT,
    platform: 'node',
    plugins: [carryAddons(), lazyBuiltins()],
    checks: { pluginTimings: false },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    codeSplitting: false,
    banner: '#!/usr/bin/env node',
    // Names stay, so that the stack of a fault says where it is.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true, legalComments: 'none' } },
  });
  await bundle.close();
  await mkdir(dir, { recursive: true });
  await writeFile(file, inAscii(output[0].code), { mode: 0o755 });
  await writeFile(join(dir, 'weir-agent.licenses.txt'), await licencesOf(Object.keys(output[0].modules)));
  return file;
}

/** Puts the addons of classic-level into the bundle, and what loads the one that fits. */
function carryAddons(): Plugin {
  return {
    name: 'carry-addons',
    load: {
      filter: { id: /[\\/]classic-level[\\/]binding\.js$/ },
      handler: async (id) => {
        const packed = Object.entries(ADDONS).map(async ([platform, path]) => {
          const bytes = await readFile(join(dirname(id), 'prebuilds', path));
          return [platform, brotliCompressSync(bytes).toString('base64')] as const;
        });
        const addons = Object.fromEntries(await Promise.all(packed));
        const loader = join(ROOT, 'cli/carried-addon.ts');
        return `module.exports = require(${JSON.stringify(loader)}).loadAddon(${JSON.stringify(addons)});`;
      },
    },
  };
}

/**
 * Modules of Node that are asked for what is used of them alone: an `import` of `node:http` would make each of its exports, a client of
 * WebSocket among them, which takes 15 MB.
 */
function lazyBuiltins(): Plugin {
  const PREFIX = '\0builtin:';
  return {
    name: 'lazy-builtins',
    resolveId: {
      filter: { id: /^(?:node:)?https?2?$/ },
      handler: (id) => `${PREFIX}${id.replace('node:', '')}.cjs`,
    },
    load: {
      filter: { id: /^\0builtin:/ },
      handler: (id) => `module.exports = process.getBuiltinModule('${id.slice(PREFIX.length, -'.cjs'.length)}');`,
    },
  };
}

/** V8 keeps a text with one letter beyond Latin-1 at two bytes for each of its letters. */
function inAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7F]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The names, versions and licences of the packages that modules are of. */
async function licencesOf(modules: readonly string[]): Promise<string> {
  const packages = new Set(
    modules.flatMap((id) => /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? []),
  );
  const texts = [...packages].toSorted().map(async (path) => {
    const { name, version, license } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Record<
      string,
      string
    >;
    const text = await licenceIn(path);
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenceIn(path: string): Promise<string> {
  const name = (await readdir(path)).find((one) => /^licen[cs]e(?:\.|$)/i.test(one));
  return name === undefined ? 'Its package has no text of it.' : readFile(join(path, name), 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = await bundleAgent(join(ROOT, 'dist'));
  process.stdout.write(`${relative(process.cwd(), file)}\n`);
}
