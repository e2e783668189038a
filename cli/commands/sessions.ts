import { Option } from 'commander';
import { addAnswerFlags, type AnswerFlags, printAnswer } from './answer.ts';
import { addCommand, type Declare } from './flags.ts';

interface SessionsFlags extends AnswerFlags {
  readonly gap: string;
}

const GAP = new Option(
  '--gap <duration>',
  "readings no further apart than this are one session; at least the view's slice",
).makeOptionMandatory();

export const declareSessions: Declare = (program) => {
  const command = addCommand(program, 'sessions', {
    summary: 'ask a view for its sessions',
    description:
      'Prints the sessions of a view that overlap [--from, --to), whole: spans of readings with no gap wider than --gap.',
    usage: 'VIEW --from TIME --to TIME --gap DURATION [OPTIONS]',
    examples: ['weir sessions usage-by-region --from 2026-01-31 --to 2026-02-01 --gap 30m --format csv'],
  }).argument('<view>', 'a view of the configuration; "weir views" lists them');
  addAnswerFlags(command, [GAP]).action(async (view: string, flags: SessionsFlags) => {
    await printAnswer(view, 'sessions', flags, { gap: flags.gap });
  });
};
