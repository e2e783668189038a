import type { Log } from './log.ts';

/**
 * A process that appends to partition 0 the records 1, 2, 3, … (four bytes, big endian) with 64 in flight and prints
 * `<number> <position>` for each that was acknowledged, until it is killed. Run by the crash cases of the log.
 */
const { module, open, options } = JSON.parse(process.argv[2] ?? '{}') as {
  module: string;
  open: string;
  options: object;
};
const opened: { readonly [name: string]: (options: unknown) => Promise<Log> } = await import(module);
const openLog = opened[open];
if (openLog === undefined) throw new Error(`${module} has no ${open}`);
const log = await openLog({ ...options, partitions: 1 });

/** A stop for the case that nobody kills it: a test that hangs shall not fill the disk. */
const RECORDS_MAX = 1_000_000;
const IN_FLIGHT = 64;

let last = 0;
async function appendOnAndOn(): Promise<void> {
  while (last < RECORDS_MAX) {
    const n = ++last;
    const record = new Uint8Array(4);
    new DataView(record.buffer).setUint32(0, n);
    const position = await log.append(0, record);
    process.stdout.write(`${n} ${position}\n`);
  }
}
await Promise.all(Array.from({ length: IN_FLIGHT }, appendOnAndOn));
