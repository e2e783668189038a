import { runOperation } from '../api/ask.ts';
import { writeOut } from '../terminal/output.ts';
import { addCommand, type Declare, type UrlFlag, urlOption } from './flags.ts';

interface BatchFlags extends UrlFlag {
  readonly full?: true;
}

export const declareBatch: Declare = (program) => {
  addCommand(program, 'batch', {
    summary: 'recompute the views from history up to now, and publish',
    description:
      'Cuts the log, folds what lies before the cut, and publishes the result in one step while everybody goes on reading. ' +
      'Prints one line of JSON: {"version","positions","readings","seconds"}.',
    examples: ['weir batch --full'],
  })
    .option('--full', 'fold all of history anew, instead of adding what came since the last batch')
    .addOption(urlOption())
    .action(async ({ url, full }: BatchFlags) => {
      const result = await runOperation<object>(url, 'batch', { path: '/api/v1/batch', body: { full: full === true } });
      await writeOut(`${JSON.stringify(result)}\n`);
    });
};
