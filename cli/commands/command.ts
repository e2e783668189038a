import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Address, parseAddress } from '../address.ts';
import type { ExitCode } from '../exit-code.ts';
import { LOG_LEVELS, type LogLevel } from '../log/log-levels.ts';

/** Adds one command to the program. `exit` is told by its action when it ends with another status than 0. */
export type Declare = (program: Command, exit: (code: ExitCode) => void) => void;

/** Where a running weir is asked, unless `--url` names another. */
export const URL_DEFAULT = 'http://127.0.0.1:8080';

export interface UrlFlag {
  readonly url: URL;
}

export function urlOption(): Option {
  return new Option('--url <url>', 'where the running weir is')
    .default(new URL(URL_DEFAULT), URL_DEFAULT)
    .argParser(parseUrl);
}

export function logLevelOption(defaultLevel: LogLevel = 'info'): Option {
  return new Option('--log-level <level>', 'what is logged to standard error')
    .choices(LOG_LEVELS)
    .default(defaultLevel)
    .env('WEIR_LOG_LEVEL');
}

/** How an answer for people or for scripts is written. */
export type ListFormat = 'table' | 'json';

export function listFormatOption(): Option {
  return new Option('--format <format>', 'table is for people, json for scripts')
    .choices(['table', 'json'])
    .default('table');
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

/** An example, below a command's options. */
export function example(...lines: readonly string[]): string {
  return `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
