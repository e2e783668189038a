/**
 * Calendar steps in a zone: where days, weeks, months and years begin, and what lies one of them ahead.
 */
import {
  civilFromDays,
  DAY_MS,
  DAYS_PER_WEEK,
  daysFromCivil,
  daysInMonth,
  firstDayOfMonth,
  MONTHS_PER_YEAR,
  monthsFromCivil,
} from './civil.ts';
import type { CalendarDuration } from './duration.ts';
import { earliestOf, type Zone } from './zone.ts';

/** 1970-01-01 was a Thursday: the Monday of its week lies three days before. */
const FIRST_MONDAY = -3;

/**
 * The day with which the n-th unit of a calendar duration begins. Days count from 1970-01-01, weeks (ISO 8601, from Monday)
 * from the week of that date, months and years from January 1970; a step of several units takes every so-manieth of them.
 */
export function stepDay({ unit }: CalendarDuration, units: number): number {
  switch (unit) {
    case 'day':
      return units;
    case 'week':
      return units * DAYS_PER_WEEK + FIRST_MONDAY;
    case 'month':
      return firstDayOfMonth(units);
    case 'year':
      return firstDayOfMonth(units * MONTHS_PER_YEAR);
  }
}

/** The number of the step that an instant lies in: the greatest whose first day does not begin after it. */
export function stepAt(step: CalendarDuration, zone: Zone, utcMs: number): number {
  return Math.floor(unitsAt(step, zone.localDay(utcMs)) / step.count);
}

function unitsAt(step: CalendarDuration, localDay: number): number {
  if (step.unit === 'day') return localDay;
  if (step.unit === 'week') return Math.floor((localDay - FIRST_MONDAY) / DAYS_PER_WEEK);
  const { year, month } = civilFromDays(localDay);
  const months = monthsFromCivil(year, month);
  return step.unit === 'month' ? months : Math.floor(months / MONTHS_PER_YEAR);
}

/**
 * The instant one calendar duration after another, by the wall clock: the same time of day on the later date. From the
 * start of a day it leads to the start of a day, whether or not that is midnight. A day of the month that the later
 * month lacks becomes its last. A time that occurs twice there is the first; one in a gap is the first instant after it.
 */
export function addCalendar(zone: Zone, utcMs: number, duration: CalendarDuration): number {
  const day = zone.localDay(utcMs);
  const laterDay = addToDay(day, duration);
  if (zone.dayStart(day) === utcMs) return zone.dayStart(laterDay);
  const timeOfDayMs = utcMs + zone.offsetAtMs(utcMs) - day * DAY_MS;
  return earliestOf(zone.localToUtc(laterDay * DAY_MS + timeOfDayMs));
}

/** The day a calendar duration later; a day of the month that the later month lacks becomes its last. */
export function addToDay(day: number, duration: CalendarDuration): number {
  if (duration.unit === 'day') return day + duration.count;
  if (duration.unit === 'week') return day + duration.count * DAYS_PER_WEEK;
  const date = civilFromDays(day);
  const added = duration.unit === 'month' ? duration.count : duration.count * MONTHS_PER_YEAR;
  const later = civilFromDays(firstDayOfMonth(monthsFromCivil(date.year, date.month) + added));
  return daysFromCivil(later.year, later.month, Math.min(date.day, daysInMonth(later.year, later.month)));
}
