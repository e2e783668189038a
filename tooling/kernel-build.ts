/**
 * Compiles the kernels, and writes what comes out as a source file of core: nobody who runs Weir needs the compiler, and a
 * bundle holds them like any module.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = 'core/kernels';
const LINE_CELLS = 120;
const ALL_PAGES = '/** Pages of 64 KiB that their memory has, all of them from the start. */';

/** A module of kernels: its source, the file that it becomes, and pages of 64 KiB that its memory has from the start. */
interface KernelModule {
  readonly source: string;
  readonly target: string;
  readonly pages: number;
  /** Whether pages can be added. */
  readonly grows: boolean;
}

export const KERNEL_MODULES: readonly KernelModule[] = [
  { source: `${FOLDER}/assembly/kernels.ts`, target: `${FOLDER}/module-bytes.ts`, pages: 20, grows: false },
  { source: `${FOLDER}/assembly/rows.ts`, target: `${FOLDER}/row-module-bytes.ts`, pages: 1, grows: true },
];

/** The text of a module's target, as the compiler makes it of what its source is now. */
export async function compiledKernels({ source, pages, grows }: KernelModule): Promise<string> {
  let bytes: Uint8Array | undefined;
  const said: string[] = [];
  const options = `--enable simd -O3 --noAssert --runtime stub --initialMemory ${pages}`;
  const limit = grows ? '' : ` --maximumMemory ${pages}`;
  const { error } = await asc.main(
    [source, '--outFile', 'kernels.wasm', '--baseDir', ROOT, ...`${options}${limit}`.split(' ')],
    {
      stderr: { write: (text: string | Uint8Array) => said.push(String(text)) },
      writeFile: (name: string, contents: string | Uint8Array) => {
        if (name === 'kernels.wasm' && typeof contents !== 'string') bytes = contents;
      },
    },
  );
  if (error !== null || bytes === undefined) throw new Error(`${source} can not be compiled: ${said.join('')}`);
  const base64 = Buffer.from(bytes).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${LINE_CELLS - 8}}`, 'g')) ?? [];
  return [
    `/** The kernels of \`${source}\`, compiled: \`npm run build:kernels\` writes this file. */`,
    'export const MODULE_BASE64 =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    ...(grows ? [] : ['', ALL_PAGES, `export const MODULE_PAGES = ${pages};`]),
    '',
  ].join('\n');
}

if (import.meta.main) {
  for (const one of KERNEL_MODULES) await writeFile(join(ROOT, one.target), await compiledKernels(one));
}
