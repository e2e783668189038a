import { afterAll, afterEach, beforeEach } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts';

/** A folder that all tests of a file or a suite share, gone after the last of them. */
export async function sharedFolder(purpose: string): Promise<string> {
  const place = await makeTemporaryDirectory(purpose);
  afterAll(() => place[Symbol.asyncDispose]());
  return place.dir;
}

/** A folder of its own for each test of a file or a suite; its path is that of the test that runs. */
export function folderPerTest(purpose: string): { readonly dir: string } {
  let place: TemporaryDirectory | undefined;
  beforeEach(async () => {
    place = await makeTemporaryDirectory(purpose);
  });
  afterEach(() => place?.[Symbol.asyncDispose]());
  return {
    get dir() {
      return place!.dir;
    },
  };
}
