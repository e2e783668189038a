import { describe, expect, it } from 'vitest';
import type { Log } from '#backbone/log/log.ts';
import { TrackedLog } from './tracked-log.ts';

describe('a log that remembers how far it was appended to', () => {
  it('begins with what was there, and never goes back', async () => {
    const appends = [Promise.withResolvers<number>(), Promise.withResolvers<number>(), Promise.withResolvers<number>()];
    let next = 0;
    const log = new TrackedLog({ append: () => appends[next++]!.promise } as unknown as Log, [5, 0]);
    expect(log.appended).toEqual([5, 0]);
    const given = [
      log.append(0, new Uint8Array(1)),
      log.append(0, new Uint8Array(1)),
      log.append(1, new Uint8Array(1)),
    ];
    expect(log.appended).toEqual([5, 0]);
    appends[1]!.resolve(7);
    expect(await given[1]).toBe(7);
    expect(log.appended).toEqual([7, 0]);
    appends[0]!.resolve(6);
    expect(await given[0]).toBe(6);
    expect(log.appended).toEqual([7, 0]);
    appends[2]!.resolve(1);
    await given[2];
    expect(log.appended).toEqual([7, 1]);
  });

  it('does not count what could not be appended', async () => {
    const log = new TrackedLog({ append: () => Promise.reject(new Error('full')) } as unknown as Log, [3]);
    await expect(log.append(0, new Uint8Array(1))).rejects.toThrow('full');
    expect(log.appended).toEqual([3]);
  });
});
