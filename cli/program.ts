import { Command } from 'commander';
import type { Declare } from './commands/flags.ts';
import type { ExitCode } from './failure.ts';
import { asCalled } from './terminal/output.ts';

/** The commands of a program. Each file declares its flags and loads what it runs only when it runs. */
export interface Commands {
  readonly declare: readonly Declare[];
  readonly description: string;
  readonly afterHelp: string;
}

/** A command line. `exit` is told by a command that ends with another status than 0. */
export function buildProgram(commands: Commands, exit: (code: ExitCode) => void): Command {
  const program = new Command('weir')
    .description(commands.description)
    .usage('COMMAND [OPTIONS]')
    .option('--version', 'say what runs: weir, Node, formats')
    .configureOutput({ writeOut: (text) => process.stdout.write(asCalled(text)), outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', commands.afterHelp);
  for (const declare of commands.declare) declare(program, exit);
  refuseRepeats(program);
  return program;
}

/** Of a flag that is given twice commander would take the last, and say nothing; those whose default is a list gather what they are told. */
function refuseRepeats(command: Command): void {
  for (const option of command.options.filter(({ defaultValue }) => !Array.isArray(defaultValue))) {
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      const remedy = option.flags.endsWith('<list>') ? 'name all at once, with commas between' : 'give it once';
      if (isGiven) command.error(`error: option '${option.flags}' is given twice; ${remedy}`);
      isGiven = true;
    });
  }
  command.commands.forEach(refuseRepeats);
}
