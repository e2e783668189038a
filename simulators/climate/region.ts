import { civilHour, seasonal } from './civil-clock.ts';
import { HourlyCurve } from './hourly-curve.ts';
import { temperatureOf, type PriceArea } from './temperature.ts';

/** Sunrise and sunset near 56° N 11° E in hours of UTC, in the middle of each month. */
const SUNRISES = [7.5, 6.6, 5.4, 4.1, 2.9, 2.4, 2.8, 3.7, 4.7, 5.7, 6.8, 7.6];
const SUNSETS = [15.2, 16.3, 17.3, 18.3, 19.3, 20.0, 19.8, 18.8, 17.4, 16.1, 14.9, 14.6];

/** Hours of dusk and of dawn in which lamps go on one after the other. */
const TWILIGHT_HOURS = 1.5;

/** Out of 100 rooms that would be lit in the dark, those lit because somebody is there and awake, by local hour. */
const PRESENCE = {
  workday: [6, 4, 3, 3, 4, 14, 52, 60, 36, 24, 22, 22, 24, 24, 28, 38, 60, 80, 92, 96, 96, 86, 56, 20],
  weekend: [14, 8, 5, 4, 4, 6, 16, 36, 60, 70, 70, 70, 70, 66, 62, 66, 72, 82, 90, 94, 94, 90, 72, 36],
};

/** Background use of people who are up (screens, music, small machines) out of 100, by local hour. */
const BUSYNESS = {
  workday: [10, 7, 5, 5, 6, 14, 44, 52, 36, 28, 26, 28, 36, 30, 28, 36, 56, 86, 100, 88, 76, 66, 44, 20],
  weekend: [18, 11, 7, 5, 5, 7, 14, 28, 48, 60, 64, 66, 70, 62, 56, 58, 66, 86, 100, 88, 78, 68, 50, 30],
};

/** How hard houses are heated, in percent of what the weather asks, by local hour: less at night, more in the morning. */
const HEATING_COURSE = [
  84, 82, 82, 84, 90, 106, 122, 118, 108, 102, 98, 96, 96, 96, 98, 100, 104, 106, 106, 104, 102, 98, 92, 88,
];

/** Above this outdoor temperature, in °C, sun and people keep a house warm. */
const HEATING_LIMIT = 17;

/** What all households of one price area have in common: weather, daylight and the habits of the day. */
export interface Region {
  readonly area: PriceArea;
  /** Outdoor temperature in °C of an hour counted from the origin. */
  temperature(hour: number): number;
  /** Units: tenths of a kelvin below the heating limit. */
  readonly heating: HourlyCurve;
  /** Units: percent of all lamps. */
  readonly lighting: HourlyCurve;
  /** Units: percent of the busiest hour. */
  readonly activity: HourlyCurve;
}

/** Daylight and habits are the same in both areas and in every world, so these curves are computed once, where something is simulated. */
let habits: Pick<Region, 'lighting' | 'activity'> | undefined;

function habitsOf(): Pick<Region, 'lighting' | 'activity'> {
  return (habits ??= {
    lighting: new HourlyCurve((hour) => {
      const { localHour, utcHour, isWeekend, season } = civilHour(hour);
      const presence = (isWeekend ? PRESENCE.weekend : PRESENCE.workday)[localHour]!;
      return Math.round(darkness(utcHour, season) * presence);
    }),
    activity: new HourlyCurve((hour) => {
      const { localHour, isWeekend } = civilHour(hour);
      return (isWeekend ? BUSYNESS.weekend : BUSYNESS.workday)[localHour]!;
    }),
  });
}

/** Regions kept, because their curves begin years ago: both areas of four worlds. When full, all are forgotten. */
const REGIONS_MAX = 8;

const regions = new Map<string, Region>();

/** The region of a price area in the world of a seed. */
export function openRegion(seed: number, area: PriceArea): Region {
  const key = `${seed} ${area}`;
  let region = regions.get(key);
  if (region === undefined) {
    if (regions.size >= REGIONS_MAX) regions.clear();
    region = makeRegion(seed, area);
    regions.set(key, region);
  }
  return region;
}

function makeRegion(seed: number, area: PriceArea): Region {
  const temperature = temperatureOf(seed, area);
  return {
    area,
    temperature,
    heating: new HourlyCurve((hour) => {
      const course = HEATING_COURSE[civilHour(hour).localHour]!;
      return Math.round((Math.max(0, HEATING_LIMIT - temperature(hour)) * 10 * course) / 100);
    }),
    ...habitsOf(),
  };
}

/** From 0 (day) to 1 (night). */
function darkness(utcHour: number, season: number): number {
  const sinceSunrise = utcHour - seasonal(SUNRISES, season);
  const untilSunset = seasonal(SUNSETS, season) - utcHour;
  const inDaylight = Math.min(sinceSunrise, untilSunset) / TWILIGHT_HOURS + 0.5;
  return 1 - Math.min(1, Math.max(0, inDaylight));
}
