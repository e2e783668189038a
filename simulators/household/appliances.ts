import { clock, cycle, pulses, steady, type Errand, type MinuteSpan } from './errand.ts';

const MORNING: MinuteSpan = [clock(5, 50), clock(8, 10)];
const LATE_MORNING: MinuteSpan = [clock(7, 15), clock(10, 45)];
const DINNER: MinuteSpan = [clock(16), clock(19, 30)];
const EVENING: MinuteSpan = [clock(18, 45), clock(22, 30)];

/** What is done before one leaves the house. */
const inTheMorning = (perWeek: number, ...variants: Errand['variants']): Errand => ({
  perWeek,
  workday: MORNING,
  weekend: LATE_MORNING,
  variants,
});

/** The appliances that errands are done with; powers and durations are those of machines on the market. */
export const APPLIANCES = {
  coffee: (perWeek: number): Errand => inTheMorning(perWeek, steady(1_900, 150), steady(2_100, 210)),
  toaster: (perWeek: number): Errand => inTheMorning(perWeek, steady(950, 180)),
  hairDryer: (perWeek: number): Errand => inTheMorning(perWeek, steady(1_500, 300)),
  tea: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(15), clock(21, 30)],
    weekend: [clock(11), clock(21, 30)],
    variants: [steady(2_050, 170)],
  }),
  hob: (perWeek: number): Errand => ({
    perWeek,
    workday: DINNER,
    weekend: [clock(15, 45), clock(19, 45)],
    variants: [
      [...steady(2_000, 480), ...pulses(1_700, 540, 60, 45, 10)],
      [...steady(1_500, 360), ...pulses(1_400, 420, 75, 60, 14)],
    ],
  }),
  oven: (perWeek: number): Errand => ({
    perWeek,
    workday: DINNER,
    weekend: [clock(11), clock(18, 30)],
    variants: [[...steady(2_500, 660), ...pulses(2_500, 750, 50, 110, 14)]],
  }),
  dishwasher: (perWeek: number, isNightly: boolean): Errand => ({
    perWeek,
    workday: isNightly ? [clock(22, 30), clock(25)] : EVENING,
    weekend: isNightly ? [clock(22, 30), clock(25)] : [clock(12), clock(22)],
    variants: [cycle([60, 420], [1_950, 960], [70, 2_700], [1_950, 840])],
  }),
  washing: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(15, 45), clock(21)],
    weekend: [clock(8, 45), clock(17)],
    variants: [
      cycle([90, 300], [2_050, 1_080], [180, 2_700], [520, 600]),
      cycle([90, 240], [2_050, 600], [160, 1_500], [480, 420]),
    ],
  }),
  dryer: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(17, 30), clock(21, 45)],
    weekend: [clock(10, 30), clock(19)],
    variants: [steady(740, 5_400), cycle([2_200, 2_700], [180, 300])],
  }),
  vacuum: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(15, 30), clock(19)],
    weekend: [clock(9, 30), clock(15)],
    variants: [steady(720, 1_260)],
  }),
  screen: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(17, 30), clock(20, 45)],
    weekend: [clock(15), clock(20, 45)],
    variants: [steady(135, 9_900), steady(135, 6_300)],
  }),
  gaming: (perWeek: number): Errand => ({
    perWeek,
    workday: [clock(16), clock(20)],
    weekend: [clock(10), clock(20)],
    variants: [steady(330, 10_800), steady(330, 5_400)],
  }),
  hotWater: (watts: number): Errand => ({
    perWeek: 14,
    workday: [clock(3, 30), clock(15)],
    weekend: [clock(4), clock(16)],
    variants: [steady(watts, 2_700), steady(watts, 1_800)],
  }),
  /** A car that is plugged in on the way home, or by a timer that waits for the night. */
  car: (watts: number, sessionsWh: readonly number[], isTimed: boolean): Errand => ({
    perWeek: sessionsWh.length,
    workday: isTimed ? [clock(22, 45), clock(26, 15)] : [clock(15), clock(22)],
    weekend: isTimed ? [clock(22, 45), clock(26, 15)] : [clock(14), clock(22)],
    variants: sessionsWh.map((wattHours) => {
      const durationS = Math.round((wattHours * 3_600) / watts);
      // The last tenth of a charge tapers off.
      return cycle([watts, durationS], [Math.round(watts * 0.45), 720]);
    }),
  }),
} as const;
