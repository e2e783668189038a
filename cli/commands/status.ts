import { type Declare, example, type ListFormat, listFormatOption, urlOption, type UrlFlag } from './command.ts';

interface StatusFlags extends UrlFlag {
  readonly format: ListFormat;
}

export const declareStatus: Declare = (program) => {
  program
    .command('status')
    .summary('say what runs, and how well')
    .description(
      'Says what a running weir consists of: its log and what that promises, the partitions and how far they are folded, the broker.',
    )
    .usage('[OPTIONS]')
    .addOption(listFormatOption())
    .addOption(urlOption())
    .addHelpText('after', example('weir status'))
    .action(async ({ url, format }: StatusFlags) => {
      const { showStatus } = await import('../api/show-status.ts');
      await showStatus(url, format);
    });
};
