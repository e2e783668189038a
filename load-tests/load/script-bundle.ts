import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const K6 = fileURLToPath(new URL('../k6/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Writes a script of `load-tests/k6` to `dir` as one file that k6 runs, with what it uses of core; gives its path. */
export async function bundleScript(script: string, dir: string): Promise<string> {
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    resolve: {
      alias: [
        { find: /^node:(assert|zlib)$/, replacement: join(K6, 'node-$1.ts') },
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
