#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Keeps what Node makes of the sources between starts, so that a short command is over before one notices.
enableCompileCache();
const { runWeir } = await import('./program.ts');
const { WHOLE } = await import('./whole-program.ts');
process.exitCode = await runWeir(WHOLE, process.argv.slice(2));
