import { PURPOSE, RandomStream } from '../random/stream.ts';
import { civilHour, seasonal } from './civil-clock.ts';

/** The Danish price areas: west of the Great Belt, and east of it. */
export type PriceArea = 'DK1' | 'DK2';

/** Mean temperature of the months in °C, close to the Danish normals of 1991 to 2020. */
const MONTH_MEANS = [1.6, 1.4, 3.3, 7.3, 11.7, 15.0, 17.4, 17.3, 13.9, 9.6, 5.7, 2.9];

/** Half the difference between a day's warmest and coldest hour, in °C, by month. */
const DAY_SWINGS = [1.0, 1.5, 2.6, 4.0, 4.8, 4.8, 4.6, 4.5, 3.7, 2.4, 1.4, 1.0];

/** The course of a day by local hour, from −1 (coldest) to 1 (warmest). */
const DAY_COURSE = [
  -0.62, -0.72, -0.82, -0.92, -0.98, -1.0, -0.9, -0.68, -0.38, -0.04, 0.3, 0.6, 0.82, 0.95, 1.0, 0.98, 0.88, 0.7, 0.44,
  0.16, -0.1, -0.28, -0.42, -0.53,
];

/** Weather comes from the west: a front that reaches the first area reaches the second so much later. */
const FRONT_DELAY_HOURS: Readonly<Record<PriceArea, number>> = { DK1: 0, DK2: 5 };

const AREA_MEMBER: Readonly<Record<PriceArea, number>> = { DK1: 1, DK2: 2 };

/** Waves of weather: how many hours lie between their turns, and by how many °C they swing. */
const FRONT = { hours: 66, swing: 5.5, lane: 0 };
const SHOWER = { hours: 17, swing: 1.6, lane: 1 };
const LOCAL = { hours: 11, swing: 0.7, lane: 2 };

/** Outdoor temperature of an area in one simulated world: the hour (from the origin) gives °C. */
export function temperatureOf(seed: number, area: PriceArea): (hour: number) => number {
  const shared = new RandomStream(seed, 0, PURPOSE.fronts);
  const local = new RandomStream(seed, AREA_MEMBER[area], PURPOSE.fronts);
  const delay = FRONT_DELAY_HOURS[area];
  const front = wave(shared, FRONT);
  const shower = wave(shared, SHOWER);
  const breeze = wave(local, LOCAL);
  return (hour) => {
    const { localHour, season } = civilHour(hour);
    return (
      seasonal(MONTH_MEANS, season) +
      seasonal(DAY_SWINGS, season) * DAY_COURSE[localHour]! +
      front(hour - delay) +
      shower(hour - delay) +
      breeze(hour)
    );
  };
}

/** A smooth random wave: random heights at regular turns, cubic between them (value noise). */
function wave(stream: RandomStream, { hours, swing, lane }: typeof FRONT): (hour: number) => number {
  // The heights before and after the turn asked for last: hours are mostly asked for one after the other.
  let known = Number.NaN;
  let before = 0;
  let after = 0;
  return (hour) => {
    const turn = Math.floor(hour / hours);
    if (turn !== known) {
      before = height(stream, turn, lane) * swing;
      after = height(stream, turn + 1, lane) * swing;
      known = turn;
    }
    const share = (hour - turn * hours) / hours;
    const ease = share * share * (3 - 2 * share);
    return before * (1 - ease) + after * ease;
  };
}

/** From −1 to 1, and more often near 0: the mean of two draws. */
function height(stream: RandomStream, turn: number, lane: number): number {
  const steps = 1_000;
  return (
    (stream.between(-steps, steps, turn, lane * 2) + stream.between(-steps, steps, turn, lane * 2 + 1)) / 2 / steps
  );
}
