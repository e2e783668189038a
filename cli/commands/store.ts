import { runOperation } from '../api/ask.ts';
import { writeOut } from '../terminal/output.ts';
import { addAskingCommand, addCommand, type Declare, type ServerFlags } from './flags.ts';

export const declareStore: Declare = (program) => {
  const store = addCommand(program, 'store', {
    summary: 'fill a store that keeps windows for other tools anew',
    description:
      'A store under `stores` follows the views by itself. Where it has lost something, or was set back to an older copy, it is filled anew: ' +
      'its points of the views are removed, and written again from what Weir has. How far a store is, `weir status` says.',
    examples: ['weir store rebuild influx'],
  });
  addAskingCommand(store, 'rebuild', {
    summary: 'remove the points of the views and write them again',
    description: 'Returns once all are written. Prints one line of JSON: {"store","slices","seconds"}.',
    examples: ['weir store rebuild influx'],
  })
    .argument('<store>', 'its name under `stores`: influx')
    .action(async (name: string, server: ServerFlags) => {
      const path = `/api/v1/stores/${encodeURIComponent(name)}/rebuild`;
      await writeOut(`${JSON.stringify(await runOperation<object>(server, 'rebuild', { path, body: {} }))}\n`);
    });
};
