import { describe, expect, it } from 'vitest';
import { DOORS } from './doors.ts';
import { DOORS as ILL_DOORS, ENDS_AT, HANGS_AT, ILL_CASES, ILL_SEED, THROWS_AT } from './ill-doors.fixtures.ts';
import { CASE_CPU_MS_MAX, CaseTooSlow, runHostile } from './run-hostile.ts';
import { runWatched } from './watched.ts';

const SEED = 7;
/** Some seconds on two cores that have nothing else to do; `npm run -s hostile` sends a million. */
const CASES_PER_DOOR = 1_000;
const TIMEOUT_MS = 120_000;

describe('a door', () => {
  it.each(DOORS.map((door) => [door.name, door] as const))(
    'accepts its samples: %s',
    async (_, { samples, seal, open }) => {
      const outcomes = [];
      for (const sample of samples)
        outcomes.push(await open(Uint8Array.from(seal === undefined ? sample : seal(sample))));
      expect(outcomes).toContain('accepted');
    },
  );

  it.each(DOORS.map((door) => [door.name, door] as const))(
    'takes or refuses whatever comes, and ends nothing: %s',
    async (_, door) => {
      const report = await runHostile({ seed: SEED, from: 0, to: CASES_PER_DOOR, doors: [door] });
      expect(report.failed).toEqual([]);
      expect(report.accepted + report.refused).toBe(CASES_PER_DOOR);
      // A door that is never passed, or always, is not tried.
      expect(Math.min(report.accepted, report.refused)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

describe('the hostile inputs', () => {
  it('find a door that throws what it does not document, and the same input again by its number', async () => {
    const careless = {
      name: 'careless',
      samples: [Uint8Array.from(Buffer.from('{"a":[1,2,3]}'))],
      open: (bytes: Uint8Array) => {
        JSON.parse(Buffer.from(bytes).toString());
        return 'accepted' as const;
      },
    };
    const { failed, cases, accepted } = await runHostile({ seed: SEED, from: 0, to: 200, doors: [careless] });
    expect(failed[0]?.error).toBeInstanceOf(SyntaxError);
    expect(accepted + failed.length).toBe(cases);
    const again = await runHostile({ seed: SEED, from: failed[0]!.case, to: failed[0]!.case + 1, doors: [careless] });
    expect(again.failed).toEqual([failed[0]]);
  });

  it(
    'name a case on which a door hangs, that nothing catches, or that ends the thread, and go on behind it',
    async () => {
      const report = await runWatched({
        doorsModule: new URL('./ill-doors.fixtures.ts', import.meta.url),
        names: ILL_DOORS.map(({ name }) => name),
        door: undefined,
        seed: ILL_SEED,
        from: 0,
        to: ILL_CASES,
        done: () => undefined,
      });
      const failed = report.failed.map(({ door, case: number, error }) => [door, number, String(error)]);
      expect(failed).toEqual([
        ['hangs', HANGS_AT, expect.stringContaining(`${CASE_CPU_MS_MAX} are allowed`)],
        ['throws too late', THROWS_AT, expect.stringContaining('thrown too late')],
        ['ends its thread', ENDS_AT, expect.stringContaining('code 3')],
      ]);
      expect(report.cases).toBe(ILL_CASES * ILL_DOORS.length);
      expect(report.accepted).toBe(report.cases - ILL_DOORS.length);
    },
    TIMEOUT_MS,
  );

  it('find a case that takes long without hanging', async () => {
    const slow = {
      name: 'slow',
      samples: [Uint8Array.of(1)],
      open: () => {
        for (
          const { user } = process.threadCpuUsage();
          process.threadCpuUsage().user < user + 1_000 * CASE_CPU_MS_MAX;
        );
        return 'accepted' as const;
      },
    };
    const { failed, accepted } = await runHostile({ seed: SEED, from: 0, to: 1, doors: [slow] });
    expect(failed[0]?.error).toBeInstanceOf(CaseTooSlow);
    expect(accepted).toBe(0);
  });
});
