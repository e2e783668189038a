import { type Declare, example } from './command.ts';

export const declareInit: Declare = (program) => {
  program
    .command('init')
    .summary('write a commented configuration and a small file to try it with')
    .description(
      'Writes a configuration that works as it stands, and sample-meters.csv beside it for it to read. Overwrites nothing.',
    )
    .usage('[FILE]')
    .argument('[file]', 'where to write it', 'weir.yaml')
    .addHelpText('after', example('weir init', 'weir init plant/weir.yaml'))
    .action(async (file: string) => {
      const { init } = await import('../init/init.ts');
      await init(file);
    });
};
