import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Address, parseAddress } from '../address.ts';
import { type AskedServer, askJson } from '../api/ask.ts';
import type { ExitCode } from '../failure.ts';
import { type ListFormat, writeList } from '../terminal/output.ts';

/** Adds one command to the program. `exit` is told by its action when it ends with another status than 0. */
export type Declare = (program: Command, exit: (code: ExitCode) => void) => void;

/** Where a running weir is asked, unless `--url` names another. */
export const URL_DEFAULT = 'http://127.0.0.1:8080';

/** What a command is told that asks a running weir. */
export type ServerFlags = AskedServer;

export function urlOption(): Option {
  return new Option('--url <url>', 'where the running weir is')
    .default(new URL(URL_DEFAULT), URL_DEFAULT)
    .argParser(parseUrl);
}

/** Adds where a running weir is, and what is shown to it. */
export function addServerFlags(command: Command): Command {
  return command
    .addOption(urlOption())
    .addOption(
      new Option('--token-file <file>', 'the file that holds a token, where the server asks who comes').env(
        'WEIR_TOKEN_FILE',
      ),
    )
    .addOption(
      new Option('--ca <file>', "a PEM file of certificates that are trusted, in place of the system's").env('WEIR_CA'),
    );
}

/** Where a token goes that is told once. */
export const TOKEN_OUT = ['--out <file>', 'write it into a new file that its owner alone may read'] as const;

/** What may be logged, the most first. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How much a command logs. */
export interface LogFlag {
  readonly logLevel: LogLevel;
}

export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'what is logged to standard error')
    .choices(LOG_LEVELS)
    .default('info')
    .env('WEIR_LOG_LEVEL');
}

/** What a command is told that lists something of a running weir. */
export interface ListFlags extends ServerFlags {
  /** How the list is written: for people, or for scripts. */
  readonly format: ListFormat;
}

/** Adds the flags of a command that lists something. */
export function addListFlags(command: Command): Command {
  const format = new Option('--format <format>', 'table is for people, json for scripts')
    .choices(['table', 'json'])
    .default('table');
  return addServerFlags(command.addOption(format));
}

/** Adds a command that lists what a path of the API answers: as JSON, or as the text that is made of it. */
export function addListCommand<Answer>(
  program: Command,
  name: string,
  text: CommandText,
  path: string,
  textOf: (answer: Answer) => string,
): void {
  addListFlags(addCommand(program, name, text)).action(async ({ format, ...server }: ListFlags) => {
    await writeList(format, await askJson<Answer>(server, { path }), textOf);
  });
}

export function addressOption(flag: string, what: string, address: string): Option {
  return new Option(`${flag} <host:port>`, what)
    .default(parseAddress(address), address)
    .argParser((text: string): Address => parseAddress(text));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new InvalidArgumentError(`Write it like ${URL_DEFAULT}.`);
  }
  return url;
}

/** What `--help` says of a command. */
export interface CommandText {
  /** One line in the list of commands. */
  readonly summary: string;
  readonly description: string;
  /** Its arguments, and the flags that it can't do without; left out where it has neither. */
  readonly usage?: string;
  /** Text between the options and the examples. */
  readonly more?: string;
  /** Left out where the bare command says it all. */
  readonly examples?: readonly string[];
}

/** Adds a command with what its help says; its own flags and its action are left to the caller. */
export function addCommand(program: Command, name: string, text: CommandText): Command {
  const { summary, description, usage = '[OPTIONS]', more, examples = [`weir ${name}`] } = text;
  const heading = examples.length > 1 ? 'Examples' : 'Example';
  const lines = examples.map((line) => `  ${line}`);
  const after = `\n${heading}:\n${lines.join('\n')}`;
  return program
    .command(name)
    .summary(summary)
    .description(description)
    .usage(usage)
    .addHelpText('after', more === undefined ? after : `${more}\n${after}`);
}

/** Adds a command that asks a running weir. */
export function addAskingCommand(program: Command, name: string, text: CommandText): Command {
  return addServerFlags(addCommand(program, name, text));
}
