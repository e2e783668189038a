import type { Declare } from './command.ts'; export const declareBench: Declare = (program) => { program.command('bench'); };
