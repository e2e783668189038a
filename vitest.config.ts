import { defineConfig } from 'vitest/config';
import { goTo, whereaboutsOf } from './tooling/whereabouts.ts';

const NOT_TESTS = ['**/node_modules/**', '**/dist/**', '.weir/**'];
const LAWS = '**/*.laws.test.ts';
const IO = ['**/*.io.test.{ts,tsx}', '**/*.sim.test.ts'];

// Each day at another time and place, so that no test holds on one day and one machine alone. Once for all processes.
if (process.env['WEIR_TEST_SHIFT_MS'] === undefined) {
  process.stderr.write(`${goTo(whereaboutsOf(process.env, Date.now()), process.env, Date.now())}\n`);
}

/**
 * One project per kind of test, run one after the other, the quick ones first: what is wrong shows early. The limits
 * are for a busy machine with two cores; a test that comes near to one is too slow.
 */
export default defineConfig({
  // The dashboard's components are Preact's.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    // Browsers, servers and compilers are processes of their own beside these.
    maxWorkers: 2,
    // Whoever counts on a test must see when its file is empty or its name has changed.
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'behaviour',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...NOT_TESTS, LAWS, ...IO],
          testTimeout: 10_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'laws',
          include: [LAWS],
          exclude: NOT_TESTS,
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'io',
          include: IO,
          exclude: NOT_TESTS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
