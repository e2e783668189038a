import { type Declare, example, type ListFormat, listFormatOption, urlOption, type UrlFlag } from './command.ts';

interface ViewsFlags extends UrlFlag {
  readonly format: ListFormat;
}

export const declareViews: Declare = (program) => {
  program
    .command('views')
    .summary('list the views and their versions')
    .description(
      'Lists what a running weir is asked: each view, its metric, tags and slice, and which version is live.',
    )
    .usage('[OPTIONS]')
    .addOption(listFormatOption())
    .addOption(urlOption())
    .addHelpText('after', example('weir views'))
    .action(async ({ url, format }: ViewsFlags) => {
      const { showViews } = await import('../api/show-views.ts');
      await showViews(url, format);
    });
};
