import { InvalidArgumentError, Option } from 'commander';
import { type Declare, example, type ListFormat, listFormatOption, urlOption, type UrlFlag } from './command.ts';

interface QuarantineFlags extends UrlFlag {
  readonly format: ListFormat;
  readonly agent?: string;
  readonly limit: number;
}

const LIMIT_DEFAULT = 100;

export const declareQuarantine: Declare = (program) => {
  program
    .command('quarantine')
    .summary('list what was refused, and why')
    .description(
      'Lists the newest rows and frames that could not become readings: where they came from, and the reason.',
    )
    .usage('[OPTIONS]')
    .option('--agent <id>', 'only what came from this agent')
    .addOption(new Option('--limit <count>', 'how many, the newest').default(LIMIT_DEFAULT).argParser(parseCount))
    .addOption(listFormatOption())
    .addOption(urlOption())
    .addHelpText('after', example('weir quarantine', 'weir quarantine --agent roof-1 --format json'))
    .action(async ({ url, format, agent, limit }: QuarantineFlags) => {
      const { showQuarantine } = await import('../api/show-quarantine.ts');
      await showQuarantine(url, { agent, limit }, format);
    });
};

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number from 1 on.');
}
