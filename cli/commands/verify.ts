import { runOperation } from '../api/ask.ts';
import { writeOut } from '../terminal/output.ts';
import { addAskingCommand, type Declare, type ServerFlags } from './flags.ts';

interface VerifyResult {
  readonly slices: number;
  readonly different: number;
  /** Some of those that differ. */
  readonly differences?: readonly object[];
}

export const declareVerify: Declare = (program, exit) => {
  addAskingCommand(program, 'verify', {
    summary: 'recompute everything and compare it with what is served',
    description:
      'Folds all of history anew and compares it bit by bit with the live batch result and the speed layer. Changes ' +
      'nothing. Prints one line of JSON: {"slices","different"}, and ends with status 1 if any slice differs.',
  }).action(async (server: ServerFlags) => {
    const {
      slices,
      different,
      differences = [],
    } = await runOperation<VerifyResult>(server, 'verify', { path: '/api/v1/verify' });
    for (const difference of differences) process.stderr.write(`differs: ${JSON.stringify(difference)}\n`);
    await writeOut(`${JSON.stringify({ slices, different })}\n`);
    if (different > 0) exit(1);
  });
};
