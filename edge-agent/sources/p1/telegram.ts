import { daysInMonth } from '#core/time/civil.ts';
import { earliestOf, openZone } from '#core/time/zone.ts';
import type { PayloadFault, PayloadRow } from '../rows/payload-row.ts';

/** The longest telegram: meters send one or two kilobytes, or four with the peaks of thirteen months. */
export const TELEGRAM_BYTES_MAX = 16_384;

/** The time of the telegram (DSMR 4 and newer). */
const TELEGRAM_TIME = '0-0:1.0.0';

/** Readings of another meter as DSMR 2 and 3 write them: when, three numbers, of what, its unit, and the value. */
const OLD_METER = { groups: 7, time: 0, code: 4, unit: 5, value: 6 } as const;

const LINE = /^([^()]+)((?:\([^()]*\))+)$/;
const GROUP = /\(([^()]*)\)/g;
const TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW]?)$/;
const CHECKSUM = /^![0-9A-Fa-f]{4}$/;

const HOUR_MS = 3_600_000;

/** The clocks of meters. Where one doesn't say whether it is summer, an hour that comes twice is the first. */
const ZONE = 'Europe/Amsterdam';

/**
 * A telegram of a meter's P1 port (DSMR 2.2 to 5 of Netbeheer Nederland, e-MUCS of Fluvius), or of any that is written by
 * IEC 62056-21, as rows: fields are called by their codes (`1-0:1.8.1`), and hold what stands in the parentheses, a unit
 * behind its number.
 *
 * What the meter measured itself is the first row, as of the telegram's own time; null where it has none. What it tells of
 * another time, such as of a gas meter or the month's peak, is a row each: its fields are that one, and those of the telegram
 * that no rule takes for a value (`values`). A telegram without the checksum that it ends in is wholly at fault; where it has
 * none, and in a line that is none, what can't be read is.
 */
export function telegramRows(text: string, values: ReadonlySet<string>): readonly (PayloadRow | PayloadFault)[] {
  const lines = text.trim().split(/\r?\n/);
  const [first = '', ...rest] = lines;
  if (!first.startsWith('/')) return [fault('does not begin with / as telegrams do', first)];
  const last = rest.pop() ?? '';
  if (!last.startsWith('!')) return [fault('is cut off: a telegram ends in a line that begins with !', last)];
  if (CHECKSUM.test(last) && !hasChecksum(lines.slice(0, -1), last)) {
    return [fault(`has not the checksum ${last.slice(1)} that it ends in: something was lost on its way`, first)];
  }
  const own: Record<string, string> = {};
  const others: { readonly code: string; readonly time: string; readonly value: string }[] = [];
  const faults: PayloadFault[] = [];
  for (const line of joined(rest)) {
    const [, code = '', inside = ''] = LINE.exec(line) ?? [];
    const groups = Array.from(inside.matchAll(GROUP), ([, group]) => group!);
    if (groups.length === 0) faults.push(fault('holds a line that is no code with values in parentheses', line));
    else if (groups.length === 1) own[code] = withUnit(groups[0]!);
    else if (groups.length === 2 && TIME.test(groups[0]!)) {
      others.push({ code, time: groups[0]!, value: withUnit(groups[1]!) });
    } else if (groups.length === OLD_METER.groups && TIME.test(groups[OLD_METER.time]!)) {
      const value = `${groups[OLD_METER.value]!} ${groups[OLD_METER.unit]!}`;
      others.push({ code: groups[OLD_METER.code]!, time: groups[OLD_METER.time]!, value });
    } else own[code] = inside;
  }
  const names = Object.fromEntries(Object.entries(own).filter(([code]) => !values.has(code)));
  return [
    rowAt(own[TELEGRAM_TIME] ?? null, own),
    ...others.map(({ code, time, value }) => rowAt(time, { ...names, [code]: value })),
    ...faults,
  ];
}

function rowAt(time: string | null, fields: PayloadRow['fields']): PayloadRow | PayloadFault {
  if (time === null) return { kind: 'row', fields, atMs: null };
  const atMs = instantOf(time);
  if (Number.isNaN(atMs)) return fault(`has the time ${JSON.stringify(time)}, which is none`, time);
  return { kind: 'row', fields, atMs };
}

/** The instant of YYMMDDhhmmss, and S in summer, W in winter; NaN where it is none. */
function instantOf(text: string): number {
  const [, year, month, day, hour, minute, second, season] = TIME.exec(text) ?? [];
  const [y, mo, d] = [2_000 + Number(year), Number(month), Number(day)];
  const isDay = mo >= 1 && mo <= 12 && d >= 1 && d <= daysInMonth(y, mo);
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return Number.NaN;
  const localMs = Date.UTC(y, mo - 1, d, Number(hour), Number(minute), Number(second));
  if (season === '') return earliestOf(openZone(ZONE).localToUtc(localMs));
  return localMs - (season === 'S' ? 2 : 1) * HOUR_MS;
}

/** Lines with those that go on with them. */
function joined(lines: readonly string[]): readonly string[] {
  const whole: string[] = [];
  for (const line of lines.map((each) => each.trim())) {
    if (line.startsWith('(') && whole.length > 0) whole.push(`${whole.pop()!}${line}`);
    else if (line !== '') whole.push(line);
  }
  return whole;
}

function withUnit(group: string): string {
  return group.replace('*', ' ');
}

function fault(reason: string, text: string): PayloadFault {
  return { kind: 'fault', reason: `the telegram ${reason}`, text };
}

/** Whether these lines, as the meter ends them, and the exclamation mark behind them have the checksum. */
function hasChecksum(lines: readonly string[], last: string): boolean {
  return crc16(Buffer.from(`${lines.join('\r\n')}\r\n!`)) === Number.parseInt(last.slice(1), 16);
}

/** CRC-16 of x¹⁶ + x¹⁵ + x² + 1, least significant bit first, from 0 (DSMR 5.0.2 P1, 6.2). */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_STEPS[(crc ^ byte) & 0xff]!;
  return crc;
}

const CRC_STEPS = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});
