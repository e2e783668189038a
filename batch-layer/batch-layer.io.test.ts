import { describe, expect, it } from 'vitest';
import { SampleAgent } from '#core/fold/sample-agent.fixtures.ts';
import { BatchLayerStopped, NoSuchView } from './batch-errors.ts';
import { type BatchLayerOptions, startBatchLayer } from './batch-layer.ts';
import { BatchWorld, SAMPLE_VIEWS } from './batch-world.fixtures.ts';

const VIEW = SAMPLE_VIEWS[0]!.name;

/** A world whose log holds a birth and a frame. */
async function begin(stack: AsyncDisposableStack): Promise<BatchWorld> {
  const world = stack.use(await BatchWorld.open(1));
  const agent = new SampleAgent('a', 1);
  await world.log.append(0, agent.birth());
  await world.log.append(0, agent.readings([[0, 1000, 5]])!);
  return world;
}

describe('the batch layer', () => {
  it('does one thing after the other, whatever became of the one before', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = await begin(stack);
    const outcomes = await Promise.allSettled([
      layer.batch(false),
      layer.rollback('none'),
      layer.batch(false),
      layer.verify(),
    ]);
    expect(outcomes).toMatchObject([
      { value: { positions: [3], readings: 1 } },
      { reason: expect.any(NoSuchView) },
      { value: { positions: [4], readings: 0 } },
      { value: { different: 0 } },
    ]);
  });

  it('tells how far a run is', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = await begin(stack);
    const labels: string[] = [];
    await layer.batch(true, ({ label, done, total }) => {
      expect(done).toBeLessThanOrEqual(total);
      labels.push(label);
    });
    await layer.verify(({ label }) => labels.push(label));
    expect([...new Set(labels)]).toEqual(['reading headers', 'folding base', 'folding all history']);
  });

  it('finishes on draining what was asked for, and takes nothing new', async () => {
    await using stack = new AsyncDisposableStack();
    const { layer } = await begin(stack);
    const asked = [layer.batch(false), layer.batch(false)];
    const drained = layer.drain();
    await expect(layer.verify()).rejects.toThrow(BatchLayerStopped);
    await drained;
    expect(await Promise.all(asked)).toMatchObject([{ positions: [3] }, { positions: [4] }]);
    expect(layer.archive.archivedTo(0)).toBe(4);
    await layer.running;
  });

  it('calls off what runs when it is disposed of, and what was live stays live', async () => {
    await using stack = new AsyncDisposableStack();
    const world = await begin(stack);
    const live = await world.liveBatch(VIEW);
    const asked = [world.layer.batch(true), world.layer.rollback(VIEW)];
    const settled = Promise.allSettled(asked);
    await world.layer[Symbol.asyncDispose]();
    expect(await settled).toMatchObject(asked.map(() => ({ reason: expect.any(BatchLayerStopped) })));
    expect(await world.liveBatch(VIEW)).toEqual(live);
  });

  it('tells that the archive can not go on', async () => {
    await using stack = new AsyncDisposableStack();
    const { resources, layer } = await begin(stack);
    await layer.batch(false);
    await layer.drain();
    // The log of the archive, but without what was archived of it.
    const log = new Proxy(resources.log, {
      get: (target, key) => {
        if (key === 'bounds') return () => Promise.resolve({ first: 1, last: 1 });
        const found: unknown = Reflect.get(target, key, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const options: BatchLayerOptions = { ...resources, log, archiveDir: layer.archive.dir };
    await using other = await startBatchLayer(options);
    await expect(other.running).rejects.toThrow('the log ends at 1');
  });
});
