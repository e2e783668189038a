import { fileURLToPath } from 'node:url';

/** When and where tests run: what their clock shows more than the machine's, their zone and their language. */
export interface Whereabouts {
  readonly clock: Clock;
  readonly shiftMs: number;
  /** An IANA zone, as of TZ. */
  readonly zone: string;
  /** A locale of POSIX, as of LC_ALL. */
  readonly language: string;
}

type Clock = (typeof CLOCKS)[number] | 'as WEIR_TEST_CLOCK says';

const CLOCKS = [
  'as it is',
  'in another month',
  'a year ahead',
  "shortly before New Year's Day",
  'on a leap day',
] as const;
const ZONES = ['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Kiritimati'] as const;
const LANGUAGES = ['C', 'de_DE.UTF-8', 'ar_EG.UTF-8'] as const;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** So long before midnight a clock begins that is to pass it while tests run. */
const BEFORE_MIDNIGHT_MS = 5 * MINUTE_MS;

/** Locales that machines have where nobody chose one. */
const NO_LANGUAGE = ['', 'C', 'C.UTF-8', 'POSIX'];

/** The environment asks for a day or a clock in a form that is none. */
export class NoWhereabouts extends Error {
  readonly kind = 'no-whereabouts';

  constructor(name: string, value: string, remedy: string) {
    super(`${name}=${value} is no time; ${remedy}`);
    this.name = 'NoWhereabouts';
  }
}

/**
 * The whereabouts of a day: each combination of clock, zone and language once in sixty days, because no two of their
 * counts share a divisor. Of the environment, WEIR_TEST_DAY (`2027-02-28`) goes to another day, and WEIR_TEST_CLOCK (an
 * instant of RFC 3339), TZ and LC_ALL or LANG choose one of the three. `nowMs` is the machine's clock. Throws
 * NoWhereabouts.
 */
export function whereaboutsOf(env: NodeJS.ProcessEnv, nowMs: number): Whereabouts {
  const { WEIR_TEST_DAY: dayText, WEIR_TEST_CLOCK: clockText, TZ, LC_ALL, LANG = '' } = env;
  const dayMs = dayText === undefined ? nowMs : instantOf('WEIR_TEST_DAY', dayText, 'write a day such as 2027-02-28');
  const day = Math.floor(dayMs / DAY_MS);
  const fromMs = day * DAY_MS + (nowMs % DAY_MS);
  const clock = CLOCKS[day % CLOCKS.length]!;
  const [clockShown, atMs] =
    clockText === undefined
      ? [clock, shownBy(clock, fromMs)]
      : ([
          'as WEIR_TEST_CLOCK says',
          instantOf('WEIR_TEST_CLOCK', clockText, 'write one such as 2027-02-28T23:59:00Z'),
        ] as const);
  return {
    clock: clockShown,
    shiftMs: atMs - nowMs,
    zone: TZ ?? ZONES[day % ZONES.length]!,
    language: LC_ALL ?? (NO_LANGUAGE.includes(LANG) ? LANGUAGES[day % LANGUAGES.length]! : LANG),
  };
}

/** Brings this process's environment there, for the processes that it starts. Gives a sentence that says where that is. */
export function goTo({ clock, shiftMs, zone, language }: Whereabouts, env: NodeJS.ProcessEnv, nowMs: number): string {
  env['TZ'] = zone;
  env['LC_ALL'] = env['LANG'] = language;
  env['WEIR_TEST_CLOCK'] = new Date(nowMs + shiftMs).toISOString();
  env['WEIR_TEST_SHIFT_MS'] = String(shiftMs);
  env['NODE_OPTIONS'] = `${env['NODE_OPTIONS'] ?? ''} --require=${JSON.stringify(SHIFT_CLOCK)}`.trimStart();
  return `Tests run with the clock ${clock} (${env['WEIR_TEST_CLOCK']}), TZ=${zone}, LC_ALL=${language}.`;
}

const SHIFT_CLOCK = fileURLToPath(new URL('shift-clock.cjs', import.meta.url));

function shownBy(clock: (typeof CLOCKS)[number], fromMs: number): number {
  switch (clock) {
    case 'as it is':
      return fromMs;
    case 'in another month':
      return fromMs + 31 * DAY_MS;
    case 'a year ahead':
      return fromMs + 365 * DAY_MS;
    case "shortly before New Year's Day":
      return Date.UTC(new Date(fromMs).getUTCFullYear() + 1, 0, 1) - BEFORE_MIDNIGHT_MS;
    case 'on a leap day':
      return nextLeapDayMs(fromMs) + DAY_MS - BEFORE_MIDNIGHT_MS;
  }
}

function nextLeapDayMs(fromMs: number): number {
  for (let year = new Date(fromMs).getUTCFullYear(); ; year++) {
    const atMs = Date.UTC(year, 1, 29);
    if (atMs > fromMs && new Date(atMs).getUTCDate() === 29) return atMs;
  }
}

function instantOf(name: string, text: string, remedy: string): number {
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new NoWhereabouts(name, text, remedy);
  return atMs;
}
