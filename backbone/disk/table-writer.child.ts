import { openEmbeddedTable } from '../table/embedded-table.ts';

/** Writes entries of 64 kB until so many are acknowledged, or the tries are up; says of each what became of it: `+` or `-`. */
const [dir, count] = process.argv.slice(2) as [string, string];
await using table = await openEmbeddedTable({ dir });
const value = new Uint8Array(64 * 1024).fill(7);
for (let acknowledged = 0, tries = 0; acknowledged < Number(count) && tries < 200; tries++) {
  const key = Uint8Array.of(acknowledged);
  const outcome = await table.write([{ kind: 'put', key, value }], { sync: true }).then(
    () => '+',
    () => '-',
  );
  if (outcome === '+') acknowledged++;
  process.stdout.write(outcome);
}
