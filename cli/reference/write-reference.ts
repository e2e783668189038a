/** `npm run docs:reference`: writes the reference of the configuration, and takes away pages of what is gone. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { referencePages } from './pages.ts';

const FOLDER = new URL('../../docs/reference/', import.meta.url);

await makeDirectory(FOLDER.pathname);
const pages = referencePages();
for (const { file, text } of pages) await writeFile(new URL(file, FOLDER), text);
for (const file of await readdir(FOLDER)) {
  if (!pages.some((page) => page.file === file)) await rm(new URL(file, FOLDER));
}
