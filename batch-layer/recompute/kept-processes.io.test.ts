import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { FoldPool } from './fold-pool.ts';
import type { FoldTask } from './fold-process.ts';
import { KeptProcesses } from './kept-processes.ts';

const never = new AbortController().signal;

function nothing(dir: string): FoldTask {
  return { kind: 'merge', job: { merges: [], sliceMs: 1000, outPath: join(dir, crypto.randomUUID()) } };
}

describe('processes that stay', () => {
  it('work for the next who asks, the last one first', async () => {
    await using made = await makeTemporaryDirectory('kept');
    await using kept = new KeptProcesses({ most: 2 });
    const [first, second] = [kept.take(), kept.take()];
    expect(await first.run(nothing(made.dir), never)).toEqual([]);
    await kept.giveBack(first);
    await kept.giveBack(second);
    expect(kept.idle).toBe(2);
    expect(kept.take()).toBe(second);
    expect(kept.take()).toBe(first);
    expect(await first.run(nothing(made.dir), never)).toEqual([]);
    await Promise.all([first.end(), second.end()]);
  });

  it('are no more than there may be, and none that holds too much', async () => {
    await using made = await makeTemporaryDirectory('kept');
    await using kept = new KeptProcesses({ most: 1, bytesMax: 1024 ** 3 });
    const [first, second] = [kept.take(), kept.take()];
    await kept.giveBack(first);
    await kept.giveBack(second);
    expect([first.hasEnded, second.hasEnded, kept.idle]).toEqual([false, true, 1]);
    await using small = new KeptProcesses({ bytesMax: 1024 });
    const large = small.take();
    await large.run(nothing(made.dir), never);
    expect(large.memory).toBeGreaterThan(1024);
    await small.giveBack(large);
    expect([large.hasEnded, small.idle]).toEqual([true, 0]);
  });

  it('end when nothing was asked of them for a while, and with what keeps them', async () => {
    await using brief = new KeptProcesses({ most: 1, ms: 1 });
    const process = brief.take();
    await brief.giveBack(process);
    await vi.waitFor(() => expect([process.hasEnded, brief.idle]).toEqual([true, 0]), 10_000);
    const kept = new KeptProcesses({ most: 2 });
    const [idle, busy] = [kept.take(), kept.take()];
    await kept.giveBack(idle);
    await kept[Symbol.asyncDispose]();
    expect(idle.hasEnded).toBe(true);
    await kept.giveBack(busy);
    expect(busy.hasEnded).toBe(true);
  });

  it('come back from a pool whose work was done, and not from one that was called off', async () => {
    await using made = await makeTemporaryDirectory('kept');
    await using kept = new KeptProcesses({ most: 2 });
    const job = { merges: [], sliceMs: 1000, outPath: join(made.dir, 'out') };
    {
      await using pool = new FoldPool(2, undefined, kept);
      await pool.merge([job], never);
    }
    expect(kept.idle).toBe(2);
    {
      await using pool = new FoldPool(1, undefined, kept);
      await expect(pool.merge([job], AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off');
    }
    expect(kept.idle).toBe(1);
  });

  it('are not given out once they have ended', async () => {
    await using kept = new KeptProcesses({ most: 1 });
    const process = kept.take();
    await kept.giveBack(process);
    await process.end();
    const another = kept.take();
    expect(another).not.toBe(process);
    await another.end();
  });
});
