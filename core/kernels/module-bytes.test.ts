import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compiledKernels } from '#tooling/kernel-build.ts';

const COMPILE_MS_MAX = 60_000;

describe('the compiled kernels', () => {
  it(
    'are what the compiler makes of their source; `npm run build:kernels` brings them up to date',
    async () => {
      const path = new URL('module-bytes.ts', import.meta.url);
      expect(await readFile(path, 'utf8')).toBe(await compiledKernels());
    },
    COMPILE_MS_MAX,
  );
});
