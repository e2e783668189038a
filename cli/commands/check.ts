import { InvalidArgumentError } from 'commander';
import { type Duration, DurationError, nominalMs, parseDuration } from '#core/time/duration.ts';
import { addCommand, type Declare } from './flags.ts';

/** The longest time for which sources are listened to. */
const LISTEN_MS_MAX = 3_600_000;

interface CheckFlags {
  readonly config: string;
  readonly listen?: Duration;
}

export const declareCheck: Declare = (program, exit) => {
  addCommand(program, 'check', {
    summary: 'say what a configuration would do, and what is wrong with it',
    description:
      'Reads a configuration and the beginning of each file it names, and shows what would become of them: the first ' +
      'readings, what would go to quarantine and why, and which series each view takes. Starts and changes nothing. Ends ' +
      'with status 1 if anything is wrong. With --listen it also waits for what comes to the sources that listen, or ' +
      'connect to a broker, and shows the same of it: nothing is stored, and nothing acknowledged.',
    usage: '--config FILE',
    examples: ['weir check --config weir.yaml', 'weir check --config weir.yaml --listen 30s'],
  })
    .requiredOption('--config <file>', 'the configuration')
    .option('--listen <duration>', 'wait so long for what comes to live sources: 30s 5m', parseListen)
    .action(async ({ config, listen }: CheckFlags) => {
      const { check } = await import('../check/check.ts');
      if (!(await check(config, listen))) exit(1);
    });
};

function parseListen(text: string): Duration {
  try {
    const listen = parseDuration(text);
    if (nominalMs(listen) <= LISTEN_MS_MAX) return listen;
    throw new InvalidArgumentError('An hour is the longest.');
  } catch (error) {
    if (error instanceof DurationError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
