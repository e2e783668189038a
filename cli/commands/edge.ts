import type { EdgeFlags } from '../compose/edge.ts';
import { addCommand, type Declare, logLevelOption } from './flags.ts';

const MORE = `
With --once: reads the file sources to their end, waits until the broker has acknowledged everything (trying again for
as long as it takes), and prints one line of JSON:
  {"rows","readings","counted","repeats","amended","missing","quarantined","unchecked","ambiguous","frames","bytes","seconds"}
All of them are totals over every run on this spool, so a run that was killed and started again ends with the same
line as one that wasn't; only \`seconds\` is of this run alone. readings = counted + repeats + amended + missing +
quarantined; bytes are those of the frames, each counted once. Readings that the agent puts into quarantine are no
failure. What the server refuses counts as quarantined too, and is one: the status is 1. It is kept, and sent again at
the next start, for which what "weir quarantine" says can be mended. Live sources (http, simulate, follow) are left out.

Without --once: a file source ends, live sources go on, and the agent stays connected, saying that it is well, until
it is stopped. What the broker hasn't acknowledged by then waits in the spool for the next start.`;

export const declareEdge: Declare = (program) => {
  addCommand(program, 'edge', {
    summary: 'run an agent: read its sources, send what they give to the broker',
    description:
      'Runs the agent of a configuration: it reads `sources`, keeps every accepted reading in its spool, and sends frames ' +
      'to the broker at `agent.broker`. A broker that can not be reached is waited for.',
    usage: '--config FILE [OPTIONS]',
    more: MORE,
    examples: ['weir edge --config weir.yaml --once'],
  })
    .requiredOption('--config <file>', 'the configuration, with `agent`, `metrics` and `sources`')
    .option('--once', 'read the file sources to their end, then stop')
    .addOption(logLevelOption())
    .action(async (flags: EdgeFlags) => {
      const { edge } = await import('../compose/edge.ts');
      await edge(flags);
    });
};
