import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compiledKernels, KERNEL_MODULES } from '#tooling/kernel-build.ts';

const COMPILE_MS_MAX = 60_000;
const ROOT = new URL('../../', import.meta.url);

describe('the compiled kernels', () => {
  it.for(KERNEL_MODULES)(
    'of $source are what the compiler makes of it; `npm run build:kernels` brings them up to date',
    { timeout: COMPILE_MS_MAX },
    async (one) => {
      expect(await readFile(new URL(one.target, ROOT), 'utf8')).toBe(await compiledKernels(one));
    },
  );
});
