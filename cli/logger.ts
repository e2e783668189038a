import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './commands/flags.ts';

/** Fields that have a place of their own in a line. */
const PLACED = new Set(['level', 'time', 'msg', 'part', 'err']);

/** A value longer than this is cut; the JSON log has all of it. */
const VALUE_CHARS_MAX = 200;

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

/** One line of pino's JSON as people read it: time of day, level, part, message, and the facts in brackets. */
export function formatLogLine(json: string): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return json.trimEnd();
  }
  const { level, time, msg, part } = fields;
  const facts = Object.entries(fields)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`);
  const cause = causeOf(fields['err']);
  if (cause !== undefined) facts.push(cause);
  const where = typeof part === 'string' ? `${part}: ` : '';
  return `${timeOfDay(time)} ${text(level).padEnd(5)} ${where}${text(msg)}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

function timeOfDay(time: unknown): string {
  const date = new Date(text(time));
  return Number.isNaN(date.getTime()) ? text(time) : date.toTimeString().slice(0, 8);
}

function causeOf(err: unknown): string | undefined {
  if (typeof err !== 'object' || err === null || !('message' in err)) return undefined;
  return shown(err.message);
}

function shown(value: unknown): string {
  const full = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return full.length > VALUE_CHARS_MAX ? `${full.slice(0, VALUE_CHARS_MAX)}…` : full;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
