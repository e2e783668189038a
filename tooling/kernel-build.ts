/**
 * Compiles the kernels, and writes what comes out as a source file of core: nobody who runs Weir needs the compiler, and a
 * bundle holds them like any module.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = 'core/kernels/assembly/kernels.ts';
const TARGET = 'core/kernels/module-bytes.ts';
/** Pages of 64 KiB, all there are from the start. */
const PAGES = 20;
const LINE_CELLS = 120;
const OPTIONS = `--enable simd -O3 --noAssert --runtime stub --initialMemory ${PAGES} --maximumMemory ${PAGES}`.split(
  ' ',
);

/** The text of `core/kernels/module-bytes.ts`, as the compiler makes it of what the kernels are now. */
export async function compiledKernels(): Promise<string> {
  let bytes: Uint8Array | undefined;
  const said: string[] = [];
  const { error } = await asc.main([SOURCE, '--outFile', 'kernels.wasm', '--baseDir', ROOT, ...OPTIONS], {
    stderr: { write: (text: string | Uint8Array) => said.push(String(text)) },
    writeFile: (name: string, contents: string | Uint8Array) => {
      if (name === 'kernels.wasm' && typeof contents !== 'string') bytes = contents;
    },
  });
  if (error !== null || bytes === undefined) throw new Error(`${SOURCE} can not be compiled: ${said.join('')}`);
  const base64 = Buffer.from(bytes).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${LINE_CELLS - 8}}`, 'g')) ?? [];
  return [
    '/** The kernels of `core/kernels/assembly/kernels.ts`, compiled: `npm run build:kernels` writes this file. */',
    'export const MODULE_BASE64 =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
    '/** Pages of 64 KiB that their memory has, all of them from the start. */',
    `export const MODULE_PAGES = ${PAGES};`,
    '',
  ].join('\n');
}

if (import.meta.main) await writeFile(join(ROOT, TARGET), await compiledKernels());
