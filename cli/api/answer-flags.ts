import { type Command, InvalidArgumentError, Option } from 'commander';
import { urlOption, type UrlFlag } from '../commands/command.ts';

/** What `weir query` and `weir sessions` share. */
export interface AnswerFlags extends UrlFlag {
  readonly from: string;
  readonly to: string;
  readonly where: readonly (readonly [string, string])[];
  readonly stats?: string;
  readonly format: 'json' | 'csv' | 'ndjson';
}

/** Adds the flags of a question about a view. The server reads their values; its words say what is wrong with one. */
export function addAnswerFlags(command: Command, more: readonly Option[]): Command {
  command
    .requiredOption('--from <time>', 'start, ISO 8601, like 2026-01-31T00:00:00Z or 2026-01-31')
    .requiredOption('--to <time>', 'end, exclusive');
  for (const option of more) command.addOption(option);
  return command
    .addOption(
      new Option('--where <tag=value>', "only groups with this tag's value; may be given several times")
        .default([], 'all groups')
        .argParser(parseWhere),
    )
    .option(
      '--stats <list>',
      'statistics, with commas between: count sum mean min max variance stddev first last increase integral timeMean p50 p99.9 … (default: count,sum,mean,min,max)',
    )
    .addOption(
      new Option('--format <format>', 'how the answer is written; json has a limit of 100,000 windows')
        .choices(['json', 'csv', 'ndjson'])
        .default('json'),
    )
    .addOption(urlOption());
}

function parseWhere(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as tag=value, like region=DK1.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}
