import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DirectoryInUse, DirectoryMismatch, DirectoryUnusable, NewerFormat } from '../storage-errors.ts';
import { MARKER_FILE } from './marker.ts';
import { makeTemporaryDirectory } from './temporary-directory.ts';

/** What keeps its data in a directory of its own, and says so by a marker. */
export interface MarkedDirectoryCase {
  /** What the marker says. */
  readonly kind: string;
  readonly format: number;
  /** Whether only one opening may live at a time. */
  readonly isExclusive: boolean;
  readonly open: (options: { readonly dir: string }) => Promise<AsyncDisposable>;
}

/** The laws of a store's directory, as tests; a new store says what it is and how it is opened. */
export function runMarkedDirectoryCases({ kind, format, isExclusive, open }: MarkedDirectoryCase): void {
  const mark = (dir: string, text: string): Promise<void> => writeFile(join(dir, MARKER_FILE), text);

  describe(`the directory of a ${kind}`, () => {
    it('says what it holds, in which format, and is opened again by it', async () => {
      await using place = await makeTemporaryDirectory(kind);
      const dir = join(place.dir, 'made', 'anew');
      await (await open({ dir }))[Symbol.asyncDispose]();
      const text = await readFile(join(dir, MARKER_FILE), 'utf8');
      expect(JSON.parse(text)).toMatchObject({ kind, format });
      expect(text).toMatch(/^\{.*\}\n$/);
      await (await open({ dir }))[Symbol.asyncDispose]();
      expect(await readFile(join(dir, MARKER_FILE), 'utf8')).toBe(text);
    });

    it('is refused by name where a newer format is in it, and left as it is', async () => {
      await using place = await makeTemporaryDirectory(kind);
      const newer = `{"kind":"${kind}","format":${format + 1},"partitions":4,"generation":"g"}\n`;
      await mark(place.dir, newer);
      const opening = open(place);
      await expect(opening).rejects.toThrow(NewerFormat);
      await expect(opening).rejects.toThrow(`has format ${format + 1}; this weir reads formats up to ${format}`);
      expect(await readFile(join(place.dir, MARKER_FILE), 'utf8')).toBe(newer);
    });

    it('is refused where it holds something else, or a marker that can not be read', async () => {
      await using place = await makeTemporaryDirectory(kind);
      const others = [
        `{"kind":"other","format":${format},"partitions":4,"generation":"g"}\n`,
        `{"kind":"${kind}","for`,
        `{"kind":"${kind}","format":"${format}"}`,
        `{"kind":"${kind}","format":${format}.5}`,
        `{"format":${format}}`,
        'null',
        '',
      ];
      for (const other of others) {
        await mark(place.dir, other);
        const opening = open(place);
        await expect(opening).rejects.toThrow(DirectoryMismatch);
        await expect(opening).rejects.toThrow(place.dir);
      }
    });

    it('is refused with the reason where it is a file', async () => {
      await using place = await makeTemporaryDirectory(kind);
      const dir = join(place.dir, 'file');
      await writeFile(dir, 'not a directory');
      const opening = open({ dir });
      await expect(opening).rejects.toThrow(DirectoryUnusable);
      await expect(opening).rejects.toThrow(/ENOTDIR|EEXIST/);
    });

    it(`${isExclusive ? 'is held by one opening at a time' : 'may be open several times'}`, async () => {
      await using place = await makeTemporaryDirectory(kind);
      {
        await using _first = await open(place);
        const second = open(place);
        if (isExclusive) {
          await expect(second).rejects.toThrow(DirectoryInUse);
          await expect(second).rejects.toThrow(place.dir);
        } else await (await second)[Symbol.asyncDispose]();
      }
      await (await open(place))[Symbol.asyncDispose]();
    });
  });
}
