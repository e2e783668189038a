import { describe, expect, it } from 'vitest';
import { history } from './file-studies.ts';
import { fleet } from './fleet-study.ts';
import { backlog, subscribers } from './live-studies.ts';

describe('how the system grows', () => {
  it.each([fleet, history, subscribers, backlog])(
    'is measured at the smallest size: $name',
    async ({ sizes, run }) => {
      const { ms, diskMegabytes } = await run(sizes.tiny[1]!);
      expect(ms).toBeGreaterThan(0);
      expect(diskMegabytes).toBeGreaterThan(0);
    },
    90_000,
  );
});
