import { openEmbeddedObjects } from './embedded-objects.ts';

/**
 * A process that puts objects `a/1`, `a/2`, … of 4 MiB, each filled with its number, and prints the number of each that
 * is durable, until it is killed. Run by the crash test of the embedded objects.
 */
const OBJECTS_MAX = 200;
const dir = process.argv[2];
if (dir === undefined) throw new Error('name the directory of the objects');
const objects = await openEmbeddedObjects({ dir });
for (let n = 1; n <= OBJECTS_MAX; n++) {
  process.stdout.write(`${n} begun\n`);
  await objects.put(`a/${n}`, new Uint8Array(4 * 1024 * 1024).fill(n));
  process.stdout.write(`${n} done\n`);
}
