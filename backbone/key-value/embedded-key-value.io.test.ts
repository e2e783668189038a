import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedKeyValue } from './embedded-key-value.ts';
import { runKeyValueCases } from './key-value.cases.ts';

runKeyValueCases('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'weir-state-'));
  return {
    open: () => openEmbeddedKeyValue({ dir }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
});
