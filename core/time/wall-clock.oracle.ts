/**
 * The slow obvious wall clock for tests: every question is put to Intl.DateTimeFormat anew, through the name of the
 * offset that it prints, which is another way than the one zone.ts goes.
 */
import fc from 'fast-check';

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time minus UTC in ms. */
export function oracleOffsetMs(zone: string, utcMs: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(utcMs));
  if (match === null) throw new Error(`no offset in ${format.format(utcMs)}`);
  const seconds = Number(match[2] ?? 0) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return (match[1] === '-' ? -seconds : seconds) * 1_000 + 0;
}

const QUARTER_HOUR_MS = 900_000;

/** The instants that show a wall clock, by trying every quarter-hour offset; for times after 1972, when all are such. */
export function oracleLocalToUtc(zone: string, localMs: number): number[] {
  const found: number[] = [];
  for (let offset = 16 * 4; offset >= -16 * 4; offset--) {
    const at = localMs - offset * QUARTER_HOUR_MS;
    if (at + oracleOffsetMs(zone, at) === localMs) found.push(at);
  }
  return found;
}

/** Zones with odd offsets, half-hour summers, changes at midnight, a date left out, summers with a break. */
export const TELLING_ZONES = [
  'UTC',
  'Europe/Paris',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Asia/Kathmandu',
  'Asia/Gaza',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kwajalein',
] as const;

/** Instants beside which something happened in one of those zones. */
const TELLING_INSTANTS_MS = [
  '2011-12-30T10:00:00Z',
  '1993-08-21T12:00:00Z',
  '2018-11-04T03:00:00Z',
  '2018-02-18T02:00:00Z',
  '2007-03-25T01:00:00Z',
  '2007-10-28T01:00:00Z',
  '2023-03-12T07:00:00Z',
  '2023-11-05T06:00:00Z',
  '2006-10-29T02:31:00Z',
  '2006-04-02T03:31:00Z',
  '2019-10-05T15:30:00Z',
  '2019-04-06T15:00:00Z',
  '2023-03-19T02:00:00Z',
  '2023-04-23T02:00:00Z',
  '1985-12-31T18:30:00Z',
].map((text) => Date.parse(text));

/** A zone and a minute since 1972, often within a day and a half of a change of its clocks. */
export const zoneAndMinute = fc.record({
  zone: fc.constantFrom(...TELLING_ZONES),
  utcMs: fc
    .oneof(
      fc.record({ at: fc.constantFrom(...TELLING_INSTANTS_MS), minutes: fc.integer({ min: -2_200, max: 2_200 }) }),
      fc.record({ at: fc.constant(Date.UTC(1972, 0, 2)), minutes: fc.integer({ min: 0, max: 60 * 24 * 365 * 70 }) }),
    )
    .map(({ at, minutes }) => at + minutes * 60_000),
});
