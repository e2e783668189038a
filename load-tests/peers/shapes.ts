import type { Question } from './question.ts';

/** The kinds of data on which everyone is compared. */
export interface Shape {
  readonly name: string;
  readonly summary: string;
  readonly kind: 'gauge' | 'counter';
  readonly decimals: number;
  readonly devices: number;
  /** Readings of each device. */
  readonly steps: number;
  /** Between two of them; on average, where times are irregular. */
  readonly intervalMs: number;
  readonly isIrregular: boolean;
  /** One reading in so many comes late; 0: none does. */
  readonly lateEvery: number;
  /** How late at most, in steps. */
  readonly lateStepsMax: number;
  readonly questions: readonly Question[];
}

/** `tiny` is for tests of the comparison itself. */
export type ShapeSize = 'tiny' | 'short' | 'full';

/** A Monday; all windows that are asked for begin here or later. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Devices stand in regions in turn. */
export const REGIONS = 10;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A size divides the devices; a window of time has to stay what it is. */
const DEVICES_DIVIDED_BY = { full: 1, short: 10, tiny: 50 } as const satisfies Record<ShapeSize, number>;
const LATE_EVERY = 20;

interface Plan {
  readonly summary: string;
  readonly kind?: Shape['kind'];
  readonly devices: number;
  readonly intervalMs: number;
  readonly spanMs: number;
  readonly isIrregular?: boolean;
  readonly lateMs?: number;
  /** By device, by region. */
  readonly windowsMs: readonly [number, number];
}

const PLANS = {
  sensors: {
    summary: 'sensors, 1 s, half an hour',
    devices: 1_000,
    intervalMs: SECOND_MS,
    spanMs: HOUR_MS / 2,
    windowsMs: [MINUTE_MS, MINUTE_MS],
  },
  meters: {
    summary: 'meters, 15 min, a week',
    devices: 3_000,
    intervalMs: 15 * MINUTE_MS,
    spanMs: 7 * DAY_MS,
    windowsMs: [DAY_MS, HOUR_MS],
  },
  counters: {
    summary: 'counters that are reset now and then, 1 min, a day',
    kind: 'counter',
    devices: 1_000,
    intervalMs: MINUTE_MS,
    spanMs: DAY_MS,
    windowsMs: [HOUR_MS, HOUR_MS],
  },
  irregular: {
    summary: 'irregular times, 5 s on average, two hours',
    devices: 1_000,
    intervalMs: 5 * SECOND_MS,
    spanMs: 2 * HOUR_MS,
    isIrregular: true,
    windowsMs: [MINUTE_MS, MINUTE_MS],
  },
  late: {
    summary: 'sensors, 1 s, half an hour; 5 % come up to ten minutes late',
    devices: 1_000,
    intervalMs: SECOND_MS,
    spanMs: HOUR_MS / 2,
    lateMs: 10 * MINUTE_MS,
    windowsMs: [MINUTE_MS, MINUTE_MS],
  },
  month: {
    summary: 'meters, 15 min, a month; 5 % come up to two days late',
    devices: 1_000,
    intervalMs: 15 * MINUTE_MS,
    spanMs: 31 * DAY_MS,
    lateMs: 2 * DAY_MS,
    windowsMs: [DAY_MS, HOUR_MS],
  },
} as const satisfies Record<string, Plan>;

export type ShapeName = keyof typeof PLANS;

export const SHAPE_NAMES = Object.keys(PLANS) as readonly ShapeName[];

export function shapeOf(name: ShapeName, size: ShapeSize): Shape {
  const plan: Plan = PLANS[name];
  const { summary, kind = 'gauge', intervalMs, spanMs, lateMs = 0 } = plan;
  const [deviceWindowMs, regionWindowMs] = plan.windowsMs;
  const toMs = START_MS + spanMs;
  // An increase needs the reading before its window, which the first one has not got.
  const fromMs = kind === 'counter' ? START_MS + deviceWindowMs : START_MS;
  return {
    name,
    summary,
    kind,
    decimals: 3,
    devices: plan.devices / DEVICES_DIVIDED_BY[size],
    steps: spanMs / intervalMs,
    intervalMs,
    isIrregular: plan.isIrregular === true,
    lateEvery: lateMs === 0 ? 0 : LATE_EVERY,
    lateStepsMax: lateMs / intervalMs,
    questions: [
      { name: 'by-device', by: 'device', windowMs: deviceWindowMs, fromMs, toMs, kind },
      { name: 'by-region', by: 'region', windowMs: regionWindowMs, fromMs, toMs, kind },
    ],
  };
}
