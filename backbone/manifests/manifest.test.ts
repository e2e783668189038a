import { describe, expect, it } from 'vitest';
import type { StoredMetric } from '#core/metrics/metric.ts';
import type { View } from '#core/views/view.ts';
import { MemoryKeyValue } from '../key-value/memory-key-value.fixtures.ts';
import {
  checkMetricsKept,
  declareView,
  liveVersion,
  type Manifest,
  ManifestStore,
  MetricChanged,
  promoteVersion,
  SWAP_TRIES_MAX,
} from './manifest.ts';

const VIEW: View = { name: 'usage', metric: 'power', by: ['region'], where: {}, sliceMs: 60_000 };

const POWER: StoredMetric = {
  unit: 'kW',
  decimals: 3,
  kind: 'gauge',
  intervalMs: 10_000,
  rolloverScaled: null,
  quantiles: false,
  paneMs: 10_000,
};

/** The view with another definition for each number. */
const changed = (n: number): View => ({ ...VIEW, sliceMs: 60_000 * (1 + n) });

const statesOf = ({ versions }: Manifest): string[] => versions.map(({ version, state }) => `${version} ${state}`);

describe('a declared view', () => {
  it('is live at once where it is new, and covers nothing yet', () => {
    const manifest = declareView(undefined, VIEW, 3);
    expect(statesOf(manifest)).toStrictEqual(['1 live']);
    expect(liveVersion(manifest)).toMatchObject({
      view: VIEW,
      batch: { results: [], cut: [0, 0, 0], publishedAtMs: 0 },
      history: [],
    });
    expect(manifest.view).toBe('usage');
  });

  it('stays as it is while its definition does, whatever it is called', () => {
    const manifest = declareView(undefined, VIEW, 1);
    expect(declareView(manifest, VIEW, 1)).toBe(manifest);
    expect(declareView(manifest, { ...VIEW, name: 'renamed' }, 1)).toBe(manifest);
  });

  it('is built beside the live version where its definition changed, and takes over when it is promoted', () => {
    const first = declareView(undefined, VIEW, 1);
    const second = declareView(first, changed(1), 1);
    expect(statesOf(second)).toStrictEqual(['1 live', '2 building']);
    expect(liveVersion(second).version).toBe(1);
    const promoted = promoteVersion(second, 2);
    expect(statesOf(promoted)).toStrictEqual(['1 retained', '2 live']);
    expect(liveVersion(promoted).view).toStrictEqual(changed(1));
  });

  it('is not built twice: a third definition replaces the one that is still being built', () => {
    const building = declareView(declareView(undefined, VIEW, 1), changed(1), 1);
    expect(statesOf(declareView(building, changed(2), 1))).toStrictEqual(['1 live', '3 building']);
  });

  it('keeps three versions in all, and forgets those before them', () => {
    let manifest = declareView(undefined, VIEW, 1);
    for (let n = 1; n <= 3; n++) manifest = promoteVersion(declareView(manifest, changed(n), 1), n + 1);
    expect(statesOf(manifest)).toStrictEqual(['2 retained', '3 retained', '4 live']);
    expect(statesOf(declareView(manifest, changed(4), 1))).toStrictEqual(['3 retained', '4 live', '5 building']);
  });

  it('changes nothing by promoting what is live already, or unknown', () => {
    const manifest = declareView(declareView(undefined, VIEW, 1), changed(1), 1);
    for (const version of [1, 7]) expect(promoteVersion(manifest, version)).toBe(manifest);
  });
});

describe('a view declared with its metric', () => {
  it('answers provisionally over records that it has to be folded from, until it has caught up', () => {
    const manifest = declareView(undefined, VIEW, 1, { metric: POWER, holdsRecords: true });
    expect(liveVersion(manifest)).toMatchObject({ version: 1, folding: true });
    const caughtUp = promoteVersion(manifest, 1);
    expect(statesOf(caughtUp)).toStrictEqual(['1 live']);
    expect(liveVersion(caughtUp).folding).toBe(undefined);
    expect(promoteVersion(caughtUp, 1)).toBe(caughtUp);
    expect(liveVersion(declareView(undefined, VIEW, 1, { metric: POWER })).folding).toBe(undefined);
  });

  it('is built anew where the metric is declared otherwise', () => {
    const manifest = declareView(undefined, VIEW, 1, { metric: POWER });
    expect(declareView(manifest, VIEW, 1, { metric: { ...POWER } })).toBe(manifest);
    expect(statesOf(declareView(manifest, VIEW, 1, { metric: { ...POWER, quantiles: true } }))).toStrictEqual([
      '1 live',
      '2 building',
    ]);
  });

  it('is built anew where the rows of its newest version do not tell for how long series kept their promises', () => {
    const before = declareView(undefined, VIEW, 1, { metric: POWER });
    const { accounted: _, ...unaccounted } = before.versions[0]!;
    const manifest = declareView({ ...before, versions: [unaccounted] }, VIEW, 1, { metric: POWER });
    expect(statesOf(manifest)).toStrictEqual(['1 live', '2 building']);
    expect(manifest.versions.map(({ accounted }) => accounted)).toStrictEqual([undefined, true]);
    expect(declareView(manifest, VIEW, 1, { metric: POWER })).toBe(manifest);
  });
});

describe('the store of manifests', () => {
  const declared = (manifest: Manifest | undefined): Manifest => declareView(manifest, VIEW, 1);

  it('keeps what a change makes, and writes nothing where it makes nothing', async () => {
    const state = new MemoryKeyValue();
    const manifests = new ManifestStore(state);
    expect(await manifests.get('usage')).toBeUndefined();
    const made = await manifests.change('usage', declared);
    expect(await new ManifestStore(state).get('usage')).toStrictEqual(made);
    const { revision } = (await state.get('manifest.usage'))!;
    await manifests.change('usage', declared);
    expect((await state.get('manifest.usage'))!.revision).toBe(revision);
  });

  it('tries a change again on what another has stored meanwhile', async () => {
    const state = new MemoryKeyValue();
    const [one, other] = [new ManifestStore(state), new ManifestStore(state)];
    await one.change('usage', declared);
    await Promise.all([
      one.change('usage', (manifest) => declareView(manifest, changed(1), 1)),
      other.change('usage', (manifest) => ({ ...manifest!, view: 'told' })),
    ]);
    const manifest = (await one.get('usage'))!;
    expect([manifest.view, ...statesOf(manifest)]).toStrictEqual(['told', '1 live', '2 building']);
  });

  it('gives up after so many tries, and says that it may work later', async () => {
    const state = new MemoryKeyValue();
    const manifests = new ManifestStore(state);
    let tries = 0;
    const losing = new ManifestStore(
      Object.assign(Object.create(state) as MemoryKeyValue, {
        get: (key: string) => state.get(key),
        create: async () => {
          tries++;
          return { kind: 'conflict' };
        },
      }),
    );
    await expect(losing.change('usage', declared)).rejects.toMatchObject({
      kind: 'manifest-contended',
      retryable: true,
    });
    expect(tries).toBe(SWAP_TRIES_MAX);
    expect(await manifests.get('usage')).toBeUndefined();
  });

  it('tells of each manifest as it is and as it changes, not of other state', async () => {
    const state = new MemoryKeyValue();
    const manifests = new ManifestStore(state);
    await state.create('claims.1', new TextEncoder().encode('{}'));
    await manifests.change('usage', declared);
    const stop = new AbortController();
    const seen: string[][] = [];
    const following = manifests.follow(stop.signal, (manifest) => {
      seen.push(statesOf(manifest));
      if (seen.length === 1) void manifests.change('usage', (current) => declareView(current, changed(1), 1));
      else stop.abort();
    });
    await following;
    expect(seen).toStrictEqual([['1 live'], ['1 live', '2 building']]);
  });
});

/** Checks a declaration against a view that was declared with `POWER`, with readings in the versions that are named. */
function check(now: Partial<StoredMetric>, versionsWithReadings: readonly number[]): Promise<void> {
  const wider = { ...VIEW, sliceMs: 120_000 };
  const manifest = declareView(declareView(undefined, VIEW, 1, { metric: POWER }), wider, 1, { metric: POWER });
  const holds = (_: string, version: number): Promise<boolean> =>
    Promise.resolve(versionsWithReadings.includes(version));
  return checkMetricsKept([manifest], new Map([['power', { ...POWER, ...now }]]), holds);
}

describe('a metric that readings are stored of', () => {
  it('is refused with another unit, other decimals or another kind, with the way back', async () => {
    for (const now of [{ unit: 'W' }, { decimals: 2 }, { kind: 'counter' }] as const) {
      await expect(check(now, [1])).rejects.toThrow(MetricChanged);
    }
    await expect(check({ decimals: 2 }, [2])).rejects.toThrow(
      'Metric power is declared with `decimals: 2`, but view usage holds readings of it with `decimals: 3`. ' +
        'Set it back to 3, or declare a metric of another name',
    );
  });

  it('may change while no version of the view has any, and in whatever else', async () => {
    await check({ decimals: 2 }, []);
    await check({ intervalMs: 1000, quantiles: true, paneMs: 1000 }, [1, 2]);
    await checkMetricsKept([declareView(undefined, VIEW, 1)], new Map(), () => Promise.resolve(true));
  });
});
