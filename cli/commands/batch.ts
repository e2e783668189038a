import { runOperation } from '../api/ask.ts';
import { writeOut } from '../terminal/output.ts';
import { addAskingCommand, type Declare, type ServerFlags } from './flags.ts';

interface BatchFlags extends ServerFlags {
  readonly full?: true;
}

export const declareBatch: Declare = (program) => {
  addAskingCommand(program, 'batch', {
    summary: 'recompute the views from history up to now, and publish',
    description:
      'Cuts the log, folds what lies before the cut, and publishes the result in one step while everybody goes on reading. ' +
      'Prints one line of JSON: {"version","positions","readings","rows","slices","seconds"}; ' +
      'rows are those that are stored of what was folded, slices those that they stand for.',
    examples: ['weir batch --full'],
  })
    .option('--full', 'fold all of history anew, instead of adding what came since the last batch')
    .action(async ({ full, ...server }: BatchFlags) => {
      const result = await runOperation<object>(server, 'batch', {
        path: '/api/v1/batch',
        body: { full: full === true },
      });
      await writeOut(`${JSON.stringify(result)}\n`);
    });
};
