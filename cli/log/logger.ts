import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './log-levels.ts';
import { formatLogLine } from './log-line.ts';

/** Clears the line that the cursor is in, where a progress bar may stand. */
const CLEAR_LINE = '\r\u001b[K';

/** The log of a command, on standard error: lines for people on a terminal, JSON (one object per line) in a pipe. */
export function openLogger(level: LogLevel): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, { write: (line: string) => process.stderr.write(`${CLEAR_LINE}${formatLogLine(line)}\n`) });
}

/** What a log says of an error. Its stack is for those who work on Weir itself. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return process.env['WEIR_DEBUG'] === '1' ? { type: name, message, stack } : { type: name, message };
}
