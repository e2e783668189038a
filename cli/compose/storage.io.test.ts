import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openStorage } from './storage.ts';

describe('the storage of a server', () => {
  it('has four partitions where none are asked for, and keeps the number that it was made with', async () => {
    await using folder = await makeTemporaryDirectory('storage');
    const partitionsOf = async (dir: string, partitions?: number): Promise<number> => {
      await using storage = await openStorage({ kind: 'embedded', partitions }, `${folder.dir}/${dir}`);
      return storage.log.partitions;
    };
    expect(await partitionsOf('a')).toBe(4);
    expect(await partitionsOf('b', 2)).toBe(2);
    expect(await partitionsOf('b')).toBe(2);
    await expect(partitionsOf('b', 3)).rejects.toThrow(/\b3\b/);
  });
});
