import { type Declare, example } from './command.ts';

export const declareBench: Declare = (program) => {
  program
    .command('bench')
    .summary('measure how fast and how small Weir is on this machine')
    .description(
      'Measures on data that it makes itself, in temporary directories: fold, recompute, ingest, size, query; all of them ' +
        'where none is named. Prints a line per figure: {"name","value","unit","runs","against","ratio"}, the middle of several runs.',
    )
    .usage('[NAME…] [OPTIONS]')
    .argument('[names...]', 'fold, recompute, ingest, size or query')
    .option('--json', 'lines of JSON on a terminal too; in a pipe they always are')
    .addHelpText('after', example('weir bench', 'weir bench fold size --json'))
    .action(async (names: string[], { json }: { readonly json?: true }) => {
      const { bench } = await import('../bench/bench.ts');
      await bench(names, json === true || !process.stdout.isTTY);
    });
};
