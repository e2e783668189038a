/** A stretch of time that is looked at instead of the newest data, half-open. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The years that inputs and the API write with four digits. */
const FIRST_MS = Date.UTC(1000, 0, 2);
const LAST_MS = Date.UTC(9999, 11, 30);

/** The period between two ISO 8601 instants; undefined where they are none, or none that comes after the other. */
export function readPeriod(from: string | null, to: string | null): Period | undefined {
  const fromMs = Date.parse(from ?? '');
  const toMs = Date.parse(to ?? '');
  return fromMs >= FIRST_MS && fromMs < toMs && toMs <= LAST_MS ? { fromMs, toMs } : undefined;
}

/** An instant as an address has it: ISO 8601 in UTC, without what is zero behind the minutes. */
export function instantText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/(?::00)?\.000Z$/, 'Z');
}

/** An instant as an input of a date and a time has it (HTML, 2.3.5.7), by the viewer's clock. */
export function localText(atMs: number): string {
  const at = new Date(atMs);
  const padded = (value: number, width = 2): string => String(value).padStart(width, '0');
  const day = `${padded(at.getFullYear(), 4)}-${padded(at.getMonth() + 1)}-${padded(at.getDate())}`;
  return `${day}T${padded(at.getHours())}:${padded(at.getMinutes())}`;
}

/** What to begin with for who asks for a period: as long as the span that is shown, up to the end of the data. */
export function periodBefore(endMs: number, spanMs: number): Period {
  return { fromMs: endMs - spanMs, toMs: endMs };
}
