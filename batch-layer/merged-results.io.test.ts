import { describe, expect, it } from 'vitest';
import type { SampleReading } from '#core/fold/sample-agent.fixtures.ts';
import { RESULTS_MAX } from './batch-state.ts';
import { begin, SAMPLE_VIEWS } from './batch-world.fixtures.ts';

const VIEW = SAMPLE_VIEWS[0]!.name;

describe('a batch run with more results than readers should add up', () => {
  it('merges deltas into a larger one beside a base that is larger still', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append, agent } = await begin(stack);
    const dayMs = 86_400_000;
    const many = Array.from({ length: 12_000 }, (_, i): SampleReading => [
      i % 4,
      dayMs + i * 2000,
      (i * 7919) % 10_007,
    ]);
    await append(agent.readings(many));
    await world.batch({ full: false });
    const [base] = (await world.liveBatch(VIEW)).results;
    for (let run = 1; run <= RESULTS_MAX; run++) {
      await readings();
      // Of a slice that the base has, and of one that only deltas have.
      await append(agent.amend(0, dayMs, 20_000 - run));
      await append(agent.amend(1, 7000, -run));
      await world.batch({ full: false });
    }
    const { results, cut } = await world.liveBatch(VIEW);
    expect(results).toMatchObject([base!, { kind: 'delta', from: base!.to, to: cut, readings: 40 * RESULTS_MAX }]);
    const seen = await world.see(VIEW);
    await world.speed();
    expect(await world.verify()).toMatchObject({ different: 0 });
    await world.rollback(VIEW);
    expect((await world.liveBatch(VIEW)).results).toHaveLength(RESULTS_MAX + 1);
    expect(await world.see(VIEW)).toEqual(seen);
    await world.batch({ full: true });
    expect(await world.see(VIEW)).toEqual(seen);
  });

  it('merges them with a base that is no larger, and the answer stays the same', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append, agent } = await begin(stack);
    for (let run = 0; run <= RESULTS_MAX; run++) {
      await readings();
      await append(agent.amend(run % 4, 0, 1000 - run));
      await world.batch({ full: false });
      expect((await world.liveBatch(VIEW)).results).toHaveLength(run === RESULTS_MAX ? 1 : run + 1);
    }
    const seen = await world.see(VIEW);
    expect((await world.liveBatch(VIEW)).results[0]).toMatchObject({ kind: 'base', readings: 40 * (RESULTS_MAX + 1) });
    await world.speed();
    expect(await world.verify()).toMatchObject({ different: 0 });
    await world.batch({ full: true });
    expect(await world.see(VIEW)).toEqual(seen);
  });
});
