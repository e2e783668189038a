import { addCommand, type Declare } from './flags.ts';

interface CheckFlags {
  readonly config: string;
}

export const declareCheck: Declare = (program, exit) => {
  addCommand(program, 'check', {
    summary: 'say what a configuration would do, and what is wrong with it',
    description:
      'Reads a configuration and the beginning of each file it names, and shows what would become of them: the first ' +
      'readings, what would go to quarantine and why, and which series each view takes. Starts and changes nothing. Ends ' +
      'with status 1 if anything is wrong.',
    usage: '--config FILE',
    examples: ['weir check --config weir.yaml'],
  })
    .requiredOption('--config <file>', 'the configuration')
    .action(async ({ config }: CheckFlags) => {
      const { check } = await import('../check/check.ts');
      if (!(await check(config))) exit(1);
    });
};
