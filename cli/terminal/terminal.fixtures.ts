import { afterEach, beforeEach, vi } from 'vitest';
import type { LogReport } from '#backbone/log/log.ts';

/** What an embedded log says of itself. */
export const SAMPLE_LOG_REPORT: LogReport = {
  adapter: 'embedded',
  engine: 'level 10',
  place: 'data/log',
  generation: 'g',
  partitions: 4,
  durability: { survives: 'power loss', how: 'every append is synced' },
  replicas: 1,
  limits: { recordBytesMax: 1, storeBytesMax: undefined },
  discard: 'new',
  shortfalls: [],
};

/** Keeps standard output from the output of the tests themselves; gives what was written to it since it was last asked. */
export function keepPrinted(): () => string {
  let printed = '';
  beforeEach(() => {
    printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
      printed += String(piece);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return () => {
    const text = printed;
    printed = '';
    return text;
  };
}
