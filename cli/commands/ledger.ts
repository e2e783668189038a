import { type Declare, example, type ListFormat, listFormatOption, urlOption, type UrlFlag } from './command.ts';

interface LedgerFlags extends UrlFlag {
  readonly format: ListFormat;
}

export const declareLedger: Declare = (program) => {
  program
    .command('ledger')
    .summary('list what arrived from each agent, and what is missing')
    .description(
      'Lists the agents: whether they are connected, how far their watermark is, how many frames arrived, and which are missing.',
    )
    .usage('[AGENT] [OPTIONS]')
    .argument('[agent]', 'only this one')
    .addOption(listFormatOption())
    .addOption(urlOption())
    .addHelpText('after', example('weir ledger', 'weir ledger roof-1 --format json'))
    .action(async (agent: string | undefined, { url, format }: LedgerFlags) => {
      const { showLedger } = await import('../api/show-ledger.ts');
      await showLedger(url, agent, format);
    });
};
