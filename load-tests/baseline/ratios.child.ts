/** `node ratios.child.ts ROUNDS`: measures the pieces against the fixed loop, and prints their ratios as a line of JSON. */
import { openPieces } from './pieces.ts';
import { measureRatios } from './ratios.ts';

await using open = await openPieces();
process.stdout.write(`${JSON.stringify(await measureRatios(open.pieces, Number(process.argv[2])))}\n`);
