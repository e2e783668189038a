import { join } from 'node:path';
import { bytesIn } from '#backbone/disk/directory.ts';
import type { RunningSystem } from '../load/running-system.ts';

/** What is measured at each size of something. */
export interface Study {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** What the size counts. */
  readonly sizeLabel: string;
  readonly sizes: Readonly<Record<'tiny' | 'short' | 'full', readonly number[]>>;
  /** What the time is of. */
  readonly timeLabel: string;
  readonly run: (size: number) => Promise<Grown>;
}

export interface Grown {
  readonly ms: number;
  readonly memoryMegabytes: number | undefined;
  /** Of what the server keeps, in millions of bytes. */
  readonly diskMegabytes: number;
}

/** What a system has grown to that took so long. */
export async function grown(ms: number, system: RunningSystem): Promise<Grown> {
  const memory = await system.peakMemoryBytes();
  return {
    ms,
    memoryMegabytes: memory === undefined ? undefined : memory / 1e6,
    diskMegabytes: (await bytesIn(join(system.dir, 'data'))) / 1e6,
  };
}
