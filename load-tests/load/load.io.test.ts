import { describe, expect, it } from 'vitest';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { SCENARIOS } from './scenarios.ts';

const k6 = await serverForTests('k6');

describe.runIf(k6)('the system under load', () => {
  it.each(SCENARIOS)(
    'counts every reading once, and answers what is asked: $name',
    async ({ run }) => {
      const { figures, faults } = await run('tiny');
      expect(faults).toEqual([]);
      expect(figures.length).toBeGreaterThan(3);
    },
    120_000,
  );
});
