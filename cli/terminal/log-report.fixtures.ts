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
