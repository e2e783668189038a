import { describe, expect, it } from 'vitest';
import { runCommand } from './servers/command.ts';
import { goTo, NoWhereabouts, whereaboutsOf } from './whereabouts.ts';

const DAY_MS = 86_400_000;
/** A Thursday in autumn, in the afternoon. */
const NOW_MS = Date.UTC(2026, 10, 26, 15, 4, 5, 678);

const shownOn = (day: number): string => {
  const nowMs = NOW_MS + day * DAY_MS;
  const { clock, shiftMs } = whereaboutsOf({}, nowMs);
  return `${clock}: ${new Date(nowMs + shiftMs).toISOString()}`;
};

describe('the whereabouts of the tests', () => {
  it('are other ones each day, and all combinations within sixty days', () => {
    const days = Array.from({ length: 60 }, (_, day) => whereaboutsOf({}, NOW_MS + day * DAY_MS));
    expect(new Set(days.map(({ clock, zone, language }) => `${clock} ${zone} ${language}`)).size).toBe(5 * 4 * 3);
  });

  it('have five clocks', () => {
    expect([0, 1, 2, 3, 4].map(shownOn).sort()).toStrictEqual([
      'a year ahead: 2027-11-30T15:04:05.678Z',
      'as it is: 2026-11-28T15:04:05.678Z',
      'in another month: 2026-12-30T15:04:05.678Z',
      'on a leap day: 2028-02-29T23:55:00.000Z',
      "shortly before New Year's Day: 2026-12-31T23:55:00.000Z",
    ]);
  });

  it('can be those of another day, at this time of it', () => {
    expect(whereaboutsOf({ WEIR_TEST_DAY: '2026-11-28' }, NOW_MS)).toStrictEqual({
      ...whereaboutsOf({}, NOW_MS + 2 * DAY_MS),
      shiftMs: whereaboutsOf({}, NOW_MS + 2 * DAY_MS).shiftMs + 2 * DAY_MS,
    });
  });

  it('are chosen one by one by the environment', () => {
    const env = { WEIR_TEST_CLOCK: '2010-01-01T00:00:00Z', TZ: 'Asia/Tokyo', LC_ALL: 'C', LANG: 'ja_JP.UTF-8' };
    expect(whereaboutsOf(env, NOW_MS)).toStrictEqual({
      clock: 'as WEIR_TEST_CLOCK says',
      shiftMs: Date.UTC(2010, 0) - NOW_MS,
      zone: 'Asia/Tokyo',
      language: 'C',
    });
  });

  it('have the language that someone chose for the machine, not the one that nobody chose', () => {
    const [chosen, none] = ['ja_JP.UTF-8', 'C.UTF-8'].map((LANG) => whereaboutsOf({ LANG }, NOW_MS).language);
    expect(chosen).toBe('ja_JP.UTF-8');
    expect(none).toBe(whereaboutsOf({}, NOW_MS).language);
  });

  it('refuse a day that is none', () => {
    expect(() => whereaboutsOf({ WEIR_TEST_DAY: 'yesterday' }, NOW_MS)).toThrow(NoWhereabouts);
  });

  it('are those of every process and thread that is started from there', async () => {
    const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };
    const there = { TZ: 'Pacific/Kiritimati', LC_ALL: 'de_DE.UTF-8', WEIR_TEST_CLOCK: '2031-07-01T12:00:00Z' };
    // This process is elsewhere itself.
    const machineMs = Date.now() - Number(process.env['WEIR_TEST_SHIFT_MS']);
    goTo(whereaboutsOf(there, machineMs), env, machineMs);
    const { output } = await runCommand(process.execPath, ['--eval', TELLS, '--', 'thread'], {
      timeoutMs: 20_000,
      env,
    });
    const told = output.trim().split('\n');
    expect(told).toHaveLength(3);
    for (const line of told) {
      expect(JSON.parse(line)).toStrictEqual({
        now: '02.07.2031',
        date: '02.07.2031',
        called: 'Wed Jul 02 2031',
        origin: '02.07.2031',
        isDate: true,
        epoch: '1970-01-01T00:00:00.000Z',
      });
    }
  });
});

/** Says what the clocks of a process show, of a child process and of a thread. */
const TELLS = `
  const { Worker, isMainThread } = require('node:worker_threads');
  const { spawnSync } = require('node:child_process');
  const day = (at) => new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(at);
  console.log(JSON.stringify({
    now: day(Date.now()),
    date: day(new Date()),
    called: Date().slice(0, 15),
    origin: day(performance.timeOrigin + performance.now()),
    isDate: new Date() instanceof Date && new Date().constructor === Date,
    epoch: new Date(0).toISOString(),
  }));
  if (isMainThread && process.argv.includes('thread')) {
    const source = process.execArgv[process.execArgv.indexOf('--eval') + 1];
    spawnSync(process.execPath, ['--eval', source], { stdio: 'inherit' });
    new Worker(source, { eval: true, argv: [] });
  }
`;
