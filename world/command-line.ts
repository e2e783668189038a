import { parseArgs, type ParseArgsConfig } from 'node:util';
import { describeFailure, UserError } from '#cli/failure.ts';

/** The flags of a command: `string` takes a value, `boolean` none. `--help` is added. */
type Flags = NonNullable<ParseArgsConfig['options']>;

/** What was given of these flags. */
export type FlagValues<F extends Flags> = ReturnType<typeof parseArgs<{ options: F }>>['values'];

/** Runs a command of this folder; a mistake of who called it is told in a sentence, and ends it with status 2. */
export async function runCommandLine<F extends Flags>(
  usage: string,
  flags: F,
  run: (values: FlagValues<F>) => Promise<number>,
): Promise<void> {
  try {
    if (process.argv.includes('--help')) process.stdout.write(usage);
    else process.exitCode = await run(read(flags));
  } catch (error) {
    const { message, exitCode } = describeFailure(error);
    process.stderr.write(`${message}\n`);
    process.exitCode = exitCode;
  }
}

function read<F extends Flags>(flags: F): FlagValues<F> {
  try {
    return parseArgs({ options: flags }).values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}; --help names the flags`, { exitCode: 2, cause: error });
  }
}

/** A whole number from 0 on, undefined where the flag isn't given. Throws UserError. */
export function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UserError(`--${flag} ${text} is no whole number; write one from 0 on`, { exitCode: 2 });
}
