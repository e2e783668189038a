import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from './embedded-key-value.ts';
import { runKeyValueCases } from './key-value.cases.ts';

runKeyValueCases('embedded', async () => {
  const place = await makeTemporaryDirectory('state');
  const { dir } = place;
  return {
    open: () => openEmbeddedKeyValue({ dir }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
});
