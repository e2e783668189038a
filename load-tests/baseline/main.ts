/** `npm run baseline`: measures how fast the fastest parts are against a fixed loop, and keeps it. */
import { writeFile } from 'node:fs/promises';
import { KEPT_RATIOS, measuredRatios } from './measured-ratios.ts';

const ROUNDS = 200;

const ratios = await measuredRatios(ROUNDS);
await writeFile(KEPT_RATIOS, `${JSON.stringify(ratios, undefined, 2)}\n`);
process.stdout.write(`${JSON.stringify(ratios)}\n`);
