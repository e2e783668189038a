#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Keeps what Node makes of the sources between starts, so that a short command is over before one notices.
enableCompileCache();
const { runWeir } = await import('./run-weir.ts');
process.exitCode = await runWeir(process.argv.slice(2));
