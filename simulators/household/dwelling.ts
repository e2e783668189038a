import type { PriceArea } from '../climate/temperature.ts';
import { PURPOSE, RandomStream } from '../random/stream.ts';
import { APPLIANCES } from './appliances.ts';
import type { Errand } from './errand.ts';

/** Something that switches itself on and off: a refrigerator, a pump. */
export interface DutyCycle {
  readonly periodS: number;
  readonly onS: number;
  readonly shiftS: number;
  readonly milliwatts: number;
}

/** A household as it is for ever: who lives there and what they own. Powers are milliwatts, integers. */
export interface Dwelling {
  readonly area: PriceArea;
  readonly kind: 'flat' | 'house';
  readonly standby: number;
  /** Heights of the two random parts: what changes every five seconds, and every four minutes. */
  readonly fastNoise: number;
  readonly slowNoise: number;
  /** Milliwatts per level of the region's curves. */
  readonly heating: number;
  readonly lighting: number;
  readonly activity: number;
  /** How much later than the region's curves this household lives. */
  readonly shiftS: number;
  readonly cycles: readonly DutyCycle[];
  readonly errands: readonly Errand[];
  /** What the meter's register showed when the world began, in watt-hours. */
  readonly registerWh: number;
}

/** Shares of Danish households, in percent. */
const HOUSES = 56;
const HEAT_PUMPS_IN_HOUSES = 34;
const CARS_AT_HOUSES = 36;
const CARS_AT_FLATS = 5;
const TIMED_CARS = 40;

const CHARGERS_W = [7_200, 7_400, 11_000, 11_000];

/** The register shows at most 99,999.999 kWh, then starts again at 0. */
export const REGISTER_WH = 100_000_000;

/** The dwelling behind a meter. Drawn from (seed, meter) alone, so a larger fleet keeps the meters of a smaller one. */
export function drawDwelling(seed: number, meter: number, area: PriceArea): Dwelling {
  const stream = new RandomStream(seed, meter, PURPOSE.dwelling);
  let drawn = 0;
  const draw = (low: number, high: number): number => stream.between(low, high, drawn++);
  const percent = (share: number): boolean => draw(0, 99) < share;

  const isHouse = percent(HOUSES);
  const people = isHouse ? draw(1, 5) : draw(1, 3);
  const hasHeatPump = isHouse && percent(HEAT_PUMPS_IN_HOUSES);
  const hasCar = percent(isHouse ? CARS_AT_HOUSES : CARS_AT_FLATS);
  const fastNoise = draw(6_000, 22_000);
  const slowNoise = draw(15_000, 40_000);

  const errands = drawErrands(draw, percent, isHouse, people);
  if (hasHeatPump) errands.push(APPLIANCES.hotWater(draw(1_300, 2_000)));
  if (hasCar) errands.push(drawCar(draw, percent));

  return {
    area,
    kind: isHouse ? 'house' : 'flat',
    // What is always on outweighs the noise, so that usage never reaches zero.
    standby: fastNoise + slowNoise + (isHouse ? draw(40_000, 150_000) : draw(20_000, 70_000)),
    fastNoise,
    slowNoise,
    heating: hasHeatPump ? draw(70, 150) : 0,
    lighting: isHouse ? draw(15, 45) : draw(8, 24),
    activity: people * draw(5, 11),
    shiftS: draw(-40, 55) * 60,
    cycles: drawCycles(draw, percent, isHouse),
    errands,
    registerWh: draw(150, 9_000) * 10_000 + draw(0, 9_999),
  };
}

type Draw = (low: number, high: number) => number;
type Percent = (share: number) => boolean;

function drawErrands(draw: Draw, percent: Percent, isHouse: boolean, people: number): Errand[] {
  const errands = [
    APPLIANCES.coffee(draw(5, 10)),
    APPLIANCES.tea(draw(2, 9)),
    APPLIANCES.hob(draw(4, 7)),
    APPLIANCES.screen(draw(4, 9)),
    APPLIANCES.vacuum(draw(1, 2)),
  ];
  if (percent(60)) errands.push(APPLIANCES.toaster(draw(2, 7)));
  if (percent(50)) errands.push(APPLIANCES.hairDryer(draw(2, 6)));
  if (percent(75)) errands.push(APPLIANCES.oven(draw(1, 4)));
  if (percent(isHouse ? 90 : 60)) errands.push(APPLIANCES.dishwasher(Math.min(7, people + draw(1, 3)), percent(25)));
  if (percent(isHouse ? 96 : 65)) errands.push(APPLIANCES.washing(people + draw(0, 2)));
  if (percent(isHouse ? 60 : 20)) errands.push(APPLIANCES.dryer(Math.max(1, people - draw(0, 2))));
  if (percent(22)) errands.push(APPLIANCES.gaming(draw(2, 7)));
  return errands;
}

function drawCar(draw: Draw, percent: Percent): Errand {
  const watts = CHARGERS_W[draw(0, CHARGERS_W.length - 1)]!;
  const sessionsWh = Array.from({ length: draw(2, 5) }, () => draw(6, 34) * 1_000);
  return APPLIANCES.car(watts, sessionsWh, percent(TIMED_CARS));
}

function drawCycles(draw: Draw, percent: Percent, isHouse: boolean): readonly DutyCycle[] {
  const cycles = [drawCycle(draw, 70, 115)];
  if (percent(isHouse ? 70 : 25)) cycles.push(drawCycle(draw, 60, 100));
  return cycles;
}

function drawCycle(draw: Draw, wattsFrom: number, wattsTo: number): DutyCycle {
  const periodS = draw(2_000, 4_200);
  return {
    periodS,
    onS: Math.floor((periodS * draw(30, 48)) / 100),
    shiftS: draw(0, periodS - 1),
    milliwatts: draw(wattsFrom, wattsTo) * 1_000,
  };
}
