/** Fields that have a place of their own in a line. */
const PLACED = new Set(['level', 'time', 'msg', 'part', 'err']);

/** A value longer than this is cut; the JSON log has all of it. */
const VALUE_CHARS_MAX = 200;

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
