import { Option } from 'commander';
import { addAnswerFlags, type AnswerFlags, printAnswer } from './answer.ts';
import { addCommand, type Declare } from './flags.ts';

interface QueryFlags extends AnswerFlags {
  readonly window: string;
  readonly every?: string;
  readonly offset?: string;
  readonly zone?: string;
  readonly asOf?: string;
}

const OPTIONS = [
  new Option('--window <duration>', 'size of a window: 10s 5m 1h 1d 1w 1mo 1y').makeOptionMandatory(),
  new Option('--every <duration>', 'distance of the starts of hopping windows (default: the window itself)'),
  new Option(
    '--offset <duration>',
    'how much later windows begin: 6h for days from 06:00, 14d for months from the 15th',
  ),
  new Option('--zone <zone>', 'IANA zone whose clock windows follow, and of times without an offset (default: UTC)'),
  new Option('--as-of <time|cut>', 'answer from the batch result that was live then'),
];

export const declareQuery: Declare = (program) => {
  const command = addCommand(program, 'query', {
    summary: 'ask a view for its windows',
    description: 'Prints every window of a view that overlaps [--from, --to), with how complete and how final it is.',
    usage: 'VIEW --from TIME --to TIME --window DURATION [OPTIONS]',
    examples: [
      'weir query usage-by-region --from 2026-01-31 --to 2026-02-01 --window 1h --zone Europe/Copenhagen --where region=DK1',
      'weir query usage-by-region --from -7d --to now --window 1d --offset 6h --zone Europe/Copenhagen --stats sum',
      'weir query usage-by-region --from 2026-01-01 --to 2026-02-01 --window 24h --every 1h --stats mean,max --format csv',
    ],
  }).argument('<view>', 'a view of the configuration; "weir views" lists them');
  addAnswerFlags(command, OPTIONS).action(async (view: string, flags: QueryFlags) => {
    const { window, every, offset, zone, asOf } = flags;
    await printAnswer(view, 'windows', flags, { window, every, offset, zone, asOf });
  });
};
