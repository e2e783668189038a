import { Command, CommanderError } from 'commander';
import type { Declare } from './commands/flags.ts';
import { describeFailure, type ExitCode } from './failure.ts';
import { asCalled } from './terminal/output.ts';
import { describeVersion } from './version.ts';

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

/**
 * Runs the one of the commands that the arguments name, and gives the status to end with. Results go to standard output, everything
 * else to standard error; nothing here throws, whatever a command does.
 */
export async function runWeir(commands: Commands, args: readonly string[]): Promise<ExitCode> {
  // Whoever reads the output may have seen enough (`weir query … | head`); that ends the command, and is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const broken = (error: unknown): never => process.exit(report(error, args));
  process.on('uncaughtException', broken);
  process.on('unhandledRejection', broken);
  let exitCode: ExitCode = 0;
  try {
    if (args[0] === '--version') {
      process.stdout.write(await describeVersion());
      return 0;
    }
    await buildProgram(commands, (code) => (exitCode = code)).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, args);
  }
}

function report(error: unknown, args: readonly string[]): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Without a command commander has shown the help, which says more than a message could.
    if (error.code !== 'commander.help') process.stderr.write(asCalled(`weir: ${usageFault(error.message, args)}\n`));
    return 2;
  }
  const { message, exitCode } = describeFailure(error);
  process.stderr.write(asCalled(`weir: ${message}\n`));
  if (process.env['WEIR_DEBUG'] === '1')
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return exitCode;
}

/** Commander's message as one sentence that ends with where to look. */
export function usageFault(message: string, args: readonly string[]): string {
  const sentence = message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?')
    .replace(/\.$/, '');
  const command =
    args[0] !== undefined && /^[a-z]+$/.test(args[0]) && !message.includes('unknown command') ? ` ${args[0]}` : '';
  return `${sentence}${sentence.endsWith('?') ? '' : ';'} see "weir${command} --help"`;
}
